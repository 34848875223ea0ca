//! Reading a body that may be too large, too slow or broken off.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;

use crate::Refusal;
use crate::connection_slots::ActiveRequest;

/// Bytes of an unwanted body that are read and thrown away.
const DISCARD_BYTES: usize = 1024 * 1024;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// Reads the whole body, at most `limit` bytes within `time`. More is refused before anything is read
/// where the client says so (Content-Length), else as soon as it is seen. Memory is taken as bytes arrive,
/// not as they are announced.
pub(crate) async fn read<B>(
    body: &mut B,
    request: &ActiveRequest<'_>,
    limit: usize,
    time: Duration,
) -> Result<Vec<u8>, Refusal>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            // A frame that is no data holds trailers, which mean nothing here.
            let Ok(data) = frame.map_err(Refusal::BodyIncomplete)?.into_data() else { continue };
            if data.len() > limit - bytes.len() {
                return Err(Refusal::BodyTooLarge { limit });
            }
            request.keep(data.len())?;
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    };
    match tokio::time::timeout(time, reading).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::BodyTimeout),
    }
}

/// Reads a body that is not used, within bounds, before the request is refused. A connection that is
/// closed while it still holds unread bytes is reset, and the reset can overtake the answer.
pub(crate) async fn discard(body: impl Body<Data = Bytes>) {
    let mut body = pin!(body);
    let reading = async {
        let mut left = DISCARD_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            if read > left {
                return;
            }
            left -= read;
        }
    };
    // What is left after that is not read.
    let _ = tokio::time::timeout(DISCARD_TIME, reading).await;
}

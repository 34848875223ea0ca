//! How the body of a request is put on the wire.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// A slow body comes in so many pieces.
const PIECES: usize = 8;
/// The pause before each but the first.
const PAUSE: Duration = Duration::from_millis(250);

/// How a body is written. Its `Content-Length` is that of the whole in every case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writing {
    /// At once.
    #[default]
    Whole,
    /// In eight pieces over two seconds.
    Slow,
    /// The first half, and then the connection breaks.
    Half,
}

/// A body that is being written.
pub(crate) struct Written {
    rest: Bytes,
    writing: Writing,
    piece: usize,
    length: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

/// What breaks the connection.
#[derive(Debug, thiserror::Error)]
#[error("the body ends here on purpose")]
pub(crate) struct Broken;

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Broken {
        match never {}
    }
}

impl Written {
    pub(crate) fn new(body: Bytes, writing: Writing) -> Written {
        let piece = match writing {
            Writing::Whole => body.len(),
            Writing::Slow => body.len().div_ceil(PIECES),
            Writing::Half => body.len() / 2,
        };
        let length = body.len() as u64;
        Written { rest: body, writing, piece: piece.max(1), length, pause: None }
    }

    fn begun(&self) -> bool {
        (self.rest.len() as u64) < self.length
    }
}

impl Body for Written {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.begun() && self.writing != Writing::Whole {
            // Also before breaking: what was written shall arrive.
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(PAUSE)));
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
            if self.writing == Writing::Half {
                return Poll::Ready(Some(Err(Broken)));
            }
        }
        let length = self.piece.min(self.rest.len());
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

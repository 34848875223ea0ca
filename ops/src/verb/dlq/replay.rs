//! `ops dlq replay`

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use queue::{Message, Publisher, PublisherSettings, Received};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;

/// Letters that are published and acknowledged together. Few on purpose: a quorum queue's channel
/// keeps acknowledgements back while more than 32 are on their way to the queue, and forgets those when
/// it is closed (measured on 3.10.8: of 87 the last 54 came back). The gets of the next round wait for
/// the queue, so the acknowledgements before them have arrived.
const ROUND: usize = 16;

/// How long the broker may take to confirm them, and to be there at all.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);

/// Send dead letters back to work, with attempt 0
///
/// Each is published, confirmed by the broker and only then removed from the dead letters: an interrupted
/// replay loses nothing, and repeating it is harmless. A letter whose cause is still there dies again.
/// All letters that are there at the start are met once.
///
/// Example: ops dlq replay --id MESSAGE_ID
#[derive(Args)]
#[command(verbatim_doc_comment)]
#[group(id = "which", required = true, multiple = false, args = ["all", "ids"])]
pub(crate) struct Replay {
    /// All of them
    #[arg(long)]
    all: bool,
    /// Only this one, with all its copies; can be given several times
    #[arg(long = "id", value_name = "MESSAGE_ID")]
    ids: Vec<String>,
}

#[derive(Serialize)]
struct Replayed {
    replayed: usize,
}

impl Replay {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut result = Replayed { replayed: 0 };
        let mut missing: BTreeSet<String> = self.ids.iter().cloned().collect();
        let wanted = (!self.all).then(|| missing.clone());
        let replayed = context.block_on(replay(context.broker(), wanted.as_ref(), |received| {
            result.replayed += 1;
            missing.remove(&received.message_id);
        }));
        // Also after a failure: so many did go back.
        context.output.print(&result, || format!("replayed {}", result.replayed))?;
        replayed?;
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<String> = missing.into_iter().collect();
        Err(Failure::No(format!("there is no dead letter {}", missing.join(", "))))
    }
}

/// Walks through all letters and replays the `wanted`, or all. `done` is told of each.
async fn replay(
    url: &str,
    wanted: Option<&BTreeSet<String>>,
    mut done: impl FnMut(&Received),
) -> Result<(), Failure> {
    let mut queue = DeadQueue::open(url).await?;
    let cancel = CancellationToken::new();
    let (publisher, publishing) = Publisher::start(
        PublisherSettings {
            url: url.to_owned(),
            name: "ops replay".to_owned(),
            lanes: 1,
            lane_capacity: ROUND,
            confirm_timeout: CONFIRM_TIMEOUT,
        },
        cancel.clone(),
    );
    let outcome = async {
        timeout(CONFIRM_TIMEOUT, publisher.ready())
            .await
            .map_err(|_| Failure::CouldNotAsk("broker: no channel to publish on".to_owned()))?;
        walk(&mut queue, &publisher, wanted, &mut done).await
    }
    .await;
    cancel.cancel();
    // Its lanes end within the confirm timeout, and a panic of theirs was an error above.
    let _ = publishing.await;
    let closed = queue.close().await;
    outcome.and(closed)
}

async fn walk(
    queue: &mut DeadQueue,
    publisher: &Publisher,
    wanted: Option<&BTreeSet<String>>,
    done: &mut impl FnMut(&Received),
) -> Result<(), Failure> {
    // No further than to what was there at the start: a letter that dies again at once must not be met
    // a second time.
    let mut left = queue.ready();
    let mut ended = false;
    while !ended {
        let mut round: Vec<Received> = Vec::new();
        while round.len() < ROUND && !ended {
            let next = if left == 0 { None } else { queue.next().await? };
            match next {
                Some(received) => {
                    left -= 1;
                    if wanted.is_none_or(|ids| ids.contains(&received.message_id)) {
                        round.push(received);
                    }
                }
                None => ended = true,
            }
        }
        round.sort_by_key(|received| received.headers.first_seen);
        let messages = round.iter().map(Message::replay).collect();
        let results = publisher.publish_all(messages).await;
        let mut refused = None;
        for (received, result) in round.iter().zip(results) {
            match result {
                Ok(()) => {
                    queue.remove(received).await?;
                    done(received);
                }
                Err(error) => refused = Some(error),
            }
        }
        if let Some(error) = refused {
            return Err(error.into());
        }
    }
    Ok(())
}

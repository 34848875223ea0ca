//! Walks through the letters and does something with a few at a time.

use queue::ReceivedMessage;

use crate::failure::Failure;
use crate::operations::dead_queue::DeadQueue;

/// Letters that are worked on and acknowledged together. Few on purpose: a quorum queue's channel
/// keeps acknowledgements back while more than 32 are on their way to the queue, and forgets those when
/// it is closed (measured on 3.10.8: of 87 the last 54 came back). The gets of the next round wait for
/// the queue, so the acknowledgements before them have arrived.
const ROUND: usize = 16;

/// Takes each letter that is there at the start once, and gives the `wanted`, at most `limit`, to
/// `work`, a round at a time. Letters that `work` does not remove go back.
pub(crate) async fn walk(
    queue: &mut DeadQueue,
    limit: usize,
    mut wanted: impl FnMut(&ReceivedMessage) -> bool,
    mut work: impl AsyncFnMut(&mut DeadQueue, Vec<ReceivedMessage>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // No further than what was there at the start: a letter that dies again at once must not be processed a
    // second time.
    let mut left = queue.ready();
    let mut open = limit;
    while left > 0 && open > 0 {
        let mut round: Vec<ReceivedMessage> = Vec::new();
        while round.len() < ROUND.min(open) && left > 0 {
            let Some(received) = queue.next().await? else {
                left = 0;
                break;
            };
            left -= 1;
            if wanted(&received) {
                round.push(received);
            }
        }
        open -= round.len();
        if !round.is_empty() {
            work(queue, round).await?;
        }
    }
    Ok(())
}

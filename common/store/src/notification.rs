//! Table `notification`: inbox and audit.

mod audit;
mod dead_since;
mod inbox;
mod rejected_messages;
mod story;
mod write;

pub use audit::{LostNotification, last_id, lost};
pub use dead_since::{DeadLettered, MessageKey, clear_dead_since, dead_lettered};
pub use inbox::{InboxLine, InboxState, find, states};
pub use rejected_messages::{RejectedLine, answered_since, rejected_of_trade};
pub use story::{StoryLine, of_order};
pub use write::{FirstSeen, InboxRow, first_seen, upsert};

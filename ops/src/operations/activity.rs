//! What goes through the system by the minute: rows that all workers write, and what ingress and worker report at their admin
//! endpoints. The last two hours are kept, in memory.

mod history;
mod sample;

pub(crate) use history::{ActivityHistory, Minute, SilentSource};
pub(crate) use sample::{SAMPLE_TIME, Sampler, look_at_rows};

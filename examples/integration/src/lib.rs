//! Runs what the documents show: `docs/integration.md`, whose snippets are the files in `php`, `java` and `node`, and
//! `docs/tutorial.md`. This library reads the documents; the tests run what is in them.

mod markdown;
mod shown;

pub use markdown::{Block, blocks};
pub use shown::{Difference, compare};

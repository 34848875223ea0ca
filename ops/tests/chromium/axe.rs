//! axe-core: whether people who use a screen reader, a keyboard or large letters can use a page.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Deserialize;

/// The script, which `scripts/fetch-axe` puts into the target folder.
static SCRIPT: LazyLock<Option<String>> = LazyLock::new(|| {
    let this = std::env::current_exe().ok()?;
    let in_folder = |folder: &std::path::Path| -> PathBuf {
        folder.join("axe/node_modules/axe-core/axe.min.js")
    };
    this.ancestors().find_map(|folder| std::fs::read_to_string(in_folder(folder)).ok())
});

/// Runs the script on the page; the last argument takes the result.
pub(crate) const RUN: &str = "const done = arguments[0]; \
     axe.run(document, { resultTypes: ['violations'] }) \
        .then(result => done(result.violations)) \
        .catch(error => done([{ id: 'axe', impact: 'critical', help: String(error), nodes: [] }]));";

/// The script.
///
/// # Errors
/// It was not fetched.
pub(crate) fn script() -> Result<&'static str, String> {
    SCRIPT.as_deref().ok_or_else(|| "axe-core was not fetched: run scripts/fetch-axe".to_owned())
}

/// A rule that a page breaks.
#[derive(Debug, Deserialize)]
pub(crate) struct Violation {
    id: String,
    impact: Option<String>,
    help: String,
    nodes: Vec<Node>,
}

/// An element that breaks it.
#[derive(Debug, Deserialize)]
struct Node {
    html: String,
    #[serde(rename = "failureSummary")]
    summary: Option<String>,
}

impl Violation {
    /// Whether somebody cannot use the page, or only with trouble.
    pub(crate) fn is_serious(&self) -> bool {
        matches!(self.impact.as_deref(), Some("serious" | "critical"))
    }

    /// The rule, and the first elements that break it.
    pub(crate) fn text(&self) -> String {
        let nodes = self.nodes.iter().take(5).map(|node| {
            format!("\n    {}\n      {}", node.html, node.summary.as_deref().unwrap_or_default())
        });
        format!("{}: {}{}", self.id, self.help, nodes.collect::<String>())
    }
}

//! `ops audit`: the pipeline's own check of money and goods, asked as a second opinion.

use serde_json::Value;

use crate::say;
use crate::system::ChaosSystem;
use crate::verdict::ChaosVerdict;

/// Asks `ops audit`, and notes every gap.
pub(crate) fn ask(system: &ChaosSystem, verdict: &mut ChaosVerdict) -> anyhow::Result<()> {
    let output = system.shop.run("ops", &["audit", "--output", "json"]);
    std::fs::write(system.folder.join("audit.json"), &output.stdout)?;
    if output.status.success() {
        say("· ops audit: nothing to complain of");
        return Ok(());
    }
    let page: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let gaps = page["gaps"].as_array().map_or(&[][..], Vec::as_slice);
    for gap in gaps {
        let text = |name: &str| gap[name].as_str().unwrap_or("-").to_owned();
        verdict.add("audit", format!("{}: {}: {}", text("order"), text("kind"), text("what")));
    }
    if gaps.is_empty() {
        let errors = String::from_utf8_lossy(&output.stderr);
        verdict.add("audit", format!("{}: {}", output.status, errors.trim()));
    }
    Ok(())
}

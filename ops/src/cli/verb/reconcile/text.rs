//! What a reconciliation found, for a person.

use crate::cli::output::plain;
use crate::cli::table::list;
use crate::cli::verb::query::verdict;
use crate::operations::reconcile::report::ReconcileReport;
use crate::plural::count;
use crate::text::or_empty;

/// For a person.
pub(super) fn text(report: &ReconcileReport) -> String {
    let mut parts = Vec::new();
    if !report.differ.is_empty() {
        let differ = list(&report.differ)
            .column("order", |one| &one.order)
            .optional("gateway", |one| one.compared.gateway.trade_status.as_ref())
            .column("here", |one| one.compared.here.trade_status)
            .column("published", |one| if one.published { "yes" } else { "no" })
            .column("what", |one| verdict(&one.compared));
        parts.push(differ.text());
    }
    if !report.unanswered.is_empty() {
        let unanswered = list(&report.unanswered)
            .column("no answer about", |one| &one.order)
            .column("reason", |one| &one.reason)
            .column("error", |one| &one.error);
        parts.push(unanswered.text());
    }
    for (merchant, reason) in &report.merchants_left_out {
        parts.push(plain(&format!("merchant {merchant} was left out: {reason}")));
    }
    let ReconcileReport { orders, asked, same, not_begun, published, .. } = report;
    let mut summary = format!(
        "asked about {asked} of {}: {same} the same (the buyer of {not_begun} has not \
             begun to pay), {} differ, {} published, {} without an answer",
        count(*orders, "order"),
        report.differ.len(),
        count(*published, "answer"),
        report.unanswered.len()
    );
    if report.dry_run {
        summary.push_str("; a dry run publishes nothing");
    }
    if let Some(why) = &report.ended_early {
        let to = or_empty(report.came_to.as_ref());
        summary.push_str(&format!("\nended early: {why}; it came to the orders placed at {to}"));
    }
    parts.push(summary);
    parts.join("\n\n")
}

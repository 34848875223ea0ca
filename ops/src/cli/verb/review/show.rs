//! `ops review show`

use clap::Args;
use serde::Serialize;
use store::review::ReviewRow;

use crate::cli::context::Context;
use crate::cli::order_text;
use crate::failure::Failure;
use crate::operations::order::details::OrderDetails;
use crate::operations::order::next_step::of_review;
use crate::operations::order::story::{header, not_done_but_reviews};
use crate::operations::review_case::{Choice, ReviewCase, evidence, meaning};

/// Show a review: what happened, the possible decisions, and the commands for them
///
/// Example: ops review show 7
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ReviewShowArgs {
    /// The review's number, as `ops review list` prints it
    id: i64,
}

#[derive(Serialize)]
struct ShownReview<'a> {
    #[serde(flatten)]
    row: &'a ReviewRow,
    meaning: &'static str,
    choices: Vec<Choice>,
    order: &'a OrderDetails,
}

impl ReviewShowArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let case = ReviewCase::read(&mut *context.database()?, &context.config, self.id)?;
        let shown = ShownReview {
            row: &case.row,
            meaning: meaning(&case.row),
            choices: case.choices(),
            order: &case.page,
        };
        context.output.print(&shown, || text(&case, &shown.choices))
    }
}

fn text(case: &ReviewCase, choices: &[Choice]) -> String {
    let ReviewCase { row, page } = case;
    let mut lines = vec![format!(
        "review {} of order {}: {}, {} since {}",
        row.id, row.order_id, row.reason, row.state, row.raised_at
    )];
    lines.push(meaning(row).to_owned());
    if !row.evidence.is_empty() {
        lines.push(format!("evidence: {}", evidence(row)));
    }
    if let (Some(at), Some(decision)) = (row.ended_at, &row.decision) {
        let by = row.decided_by.as_deref().unwrap_or("nobody");
        let note = row.note.as_deref().unwrap_or_default();
        lines.push(format!("decided at {at} by {by}: {decision}. {note}"));
    } else if let Some(at) = row.ended_at {
        lines.push(format!("settled at {at}: later facts made it moot"));
    }
    lines.push(String::new());
    lines.extend(header(page));
    for trade in &page.trades {
        lines.push(trade.text());
    }
    lines.extend(not_done_but_reviews(page));
    if let Some(next) = of_review(row) {
        lines.push(format!("next: {next}"));
    }
    lines.push(format!("the order: {}", page.next_step));
    if !choices.is_empty() {
        lines.push(String::new());
        lines.push("decide".to_owned());
        for choice in choices {
            lines.push(format!("  {}", choice.command));
            lines.push(format!("      {}", choice.meaning));
        }
    }
    order_text::lines(&lines)
}

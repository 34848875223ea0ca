//! An order as text for a person.

use crate::cli::output::plain;
use crate::operations::order::details::OrderDetails;
use crate::operations::order::story::{goods, happenings, header, not_done};

/// The whole page as text.
pub(crate) fn story(page: &OrderDetails) -> String {
    let mut text = lines(&header(page));
    text.push('\n');
    for (at, happening) in happenings(page) {
        text.push_str(&format!("{at}  {}\n", plain(&happening.english())));
        if let Some(detail) = happening.detail() {
            text.push_str(&format!("{:19}  {}\n", "", plain(&detail)));
        }
    }
    let goods = goods(page);
    if !goods.is_empty() {
        text.push_str("\ngoods\n");
        text.extend(goods.iter().map(|line| format!("  {}\n", plain(line))));
    }
    let not_done = not_done(page);
    if !not_done.is_empty() {
        text.push('\n');
        text.push_str(&lines(&not_done));
    }
    text.push_str(&format!("\nnext: {}\n", plain(&page.next_step)));
    text
}

/// Lines of which parts came from outside.
pub(crate) fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

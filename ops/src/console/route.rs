//! From an address to the page that answers it.

use service::language::say;
use std::sync::Arc;

use super::answer::Answer;
use super::layout::problem;
use super::request::Asked;
use super::{Console, acts, letter, letters, order, orders, products, review, reviews, status};
use crate::failure::Failure;

/// The methods of a page without a form.
const READ: &str = "GET, HEAD";

/// Answers a request that is allowed to ask.
pub(super) async fn answer(console: &Arc<Console>, asked: &Asked) -> Answer {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let menu = match path.first() {
        Some(&"orders") => "/orders",
        Some(&"dead-letters" | &"results") => "/dead-letters",
        Some(&"reviews") => "/reviews",
        Some(&"products") => "/products",
        _ => "/",
    };
    let answered = if asked.is_post {
        match path.as_slice() {
            ["dead-letters"] => acts::act(console, asked).await,
            ["reviews", id] => review::decide(console, asked, id).await,
            [""] | ["orders" | "reviews" | "products"] => return Answer::only(READ),
            ["orders" | "dead-letters" | "results", _] => return Answer::only(READ),
            _ => Err(no_page()),
        }
    } else {
        let page = match path.as_slice() {
            [""] => status::show(console, asked).await,
            ["orders"] => orders::show(console, asked).await,
            ["orders", id] => order::show(console, asked, id).await,
            ["dead-letters"] => letters::show(console, asked).await,
            ["dead-letters", id] => letter::show(console, id).await,
            ["reviews"] => reviews::show(console, asked).await,
            ["reviews", id] => review::show(console, id).await,
            ["products"] => products::show(console).await,
            ["results", ticket] => console.results.show(ticket),
            _ => Err(no_page()),
        };
        page.map(|page| page.answer(console.remote))
    };
    answered.unwrap_or_else(|failure| problem(menu, &failure).answer(console.remote))
}

fn no_page() -> Failure {
    Failure::NotFound(say("没有这个页面", "there is no such page").to_owned())
}

//! The pages of the console, as recorded.

use crate::snapshot::assert_as_recorded;
use crate::world::World;

#[test]
fn pages_are_as_recorded() {
    let world = World::new();
    world.order("A-1");
    let mut pages = String::new();
    for path in [
        "/orders",
        "/orders/A-1",
        "/orders/NOWHERE",
        "/products",
        "/reviews",
        "/dead-letters",
        "/dead-letters?view=flat",
        "/products?lang=zh",
    ] {
        let body = world.browser.get(path).body;
        let (_, main) = body.split_once("<main>").unwrap();
        let (main, _) = main.split_once("</main>").unwrap();
        // A line for each element, which is easier to compare.
        pages.push_str(&format!("===== {path}\n{}\n", main.replace("><", ">\n<")));
    }
    assert_as_recorded("pages", &pages);
}

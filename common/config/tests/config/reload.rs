//! What a new configuration changes.

use crate::support::{MAPI, load};

#[test]
fn sections_that_changed_are_named() {
    let old = load(MAPI).unwrap();
    assert!(old.changed_sections(&load(MAPI).unwrap()).is_empty());
    let text = format!(
        "[ingress]\nlanes = 5\n[events]\nenabled = true\n[database]\nurl = \"mysql://x\"\n{}",
        MAPI.replace("a0b1c2d3e4f5", "another")
    );
    let changed = old.changed_sections(&load(&text).unwrap());
    assert_eq!(changed, ["database", "ingress", "events"]);
}

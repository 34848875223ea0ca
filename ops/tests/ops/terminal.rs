//! Tables and help texts at a terminal of 80 columns, and without one.

use testkit::Sandbox;

use crate::at_terminal::AtTerminal;
use crate::dead_letters::{bury, letter};
use crate::program::Ops;

/// The widest line, colours and what is not ASCII left out: a CJK character takes two columns.
fn widest(page: &str) -> usize {
    let line = |line: &str| {
        let mut width = 0;
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '\u{1b}' => drop(characters.by_ref().find(|end| *end == 'm')),
                '\u{2e80}'..='\u{ffdc}' => width += 2,
                _ => width += 1,
            }
        }
        width
    };
    page.lines().map(line).max().unwrap_or_default()
}

#[test]
fn lists_fit_the_terminal_and_are_complete_in_a_pipe() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    ops.run("product add card --kind stock --price 10.00 --name 十元充值卡").done();
    ops.run("order create A-2026-11-29-000001 --merchant shop --product card --quantity 3").done();
    let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    bury(&ops, &sandbox, vec![letter(id, 0)]);

    for verb in
        ["order list", "dlq list", "dlq list --group", "dlq history", "product list", "status"]
    {
        let (code, page) = AtTerminal::start(&sandbox, verb, 24, 80).ended();
        assert!(
            code <= 1 && widest(&page) <= 80,
            "{verb}: {} columns, {code}:\n{page}",
            widest(&page)
        );
    }
    // The text says what is left out, and each line can be identified.
    let (_, orders) = AtTerminal::start(&sandbox, "order list", 24, 80).ended();
    assert!(orders.contains("A-2026-11-29-000001") && orders.contains("30.00"), "{orders}");
    assert!(orders.contains("too wide for this terminal: "), "{orders}");
    let (_, letters) = AtTerminal::start(&sandbox, "dlq list", 24, 80).ended();
    assert!(letters.contains("0123456789ab ") && !letters.contains(id), "{letters}");
    ops.run("dlq show 0123456789ab").done();

    // For scripts everything, in the same columns whatever is empty.
    let piped = ops.run("dlq list").done().stdout;
    assert!(piped.contains(id) && piped.lines().count() == 2, "{piped}");
    let piped = ops.run("order list").done().stdout;
    assert!(piped.contains("TRADE") && piped.contains("MERCHANT"), "{piped}");
}

#[test]
fn colours_appear_only_on_a_terminal_and_not_with_no_color() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add card --kind stock --price 10.00 --name card").done();
    for n in 0..3 {
        ops.run(&format!("order create A-{n} --merchant shop --product card --quantity 3")).done();
    }
    let escape = '\u{1b}';
    // At 40 columns something is left out, which is shown in another colour.
    let coloured = AtTerminal::start(&sandbox, "order list", 24, 40).ended().1;
    assert!(coloured.contains(escape), "{coloured}");
    assert!(!ops.run("order list").done().stdout.contains(escape));
    let no_color = [("NO_COLOR", "1")];
    let plain = AtTerminal::start_with(&sandbox, &no_color, "order list", 24, 40).ended().1;
    assert!(plain.contains("too wide") && !plain.contains(escape), "{plain}");
}

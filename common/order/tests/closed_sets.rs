//! A closed set is an enum of this crate, and its words stand at its variants: no program compares a state, a reason
//! or an outcome with a literal. This test reads the sources of the programs that know orders.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that reads the sources")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use order::{
    CodeState, DeadLetterState, Decision, DecisionState, Event, FulfillmentState, LetterAction,
    MessageOutcome, OperatorAction, OrderStatus, ProductKind, QueryReason, RefundRequestState,
    RejectionReason, Remark, ReviewReason, ReviewState, VariantArray,
};

/// The simulator, the example shop and the tests speak of the same words and know nothing of this crate.
const FOLDERS: [&str; 6] = ["chaos", "common", "demo", "ingress", "ops", "worker"];

/// Folders and files that compare with literals, and why they may.
const ALLOWED: [(&str, &str); 1] = [("demo/src/scenes.rs", "reads the JSON that `ops` prints")];

fn words() -> BTreeSet<&'static str> {
    fn of<T: VariantArray + Copy + Into<&'static str>>() -> impl Iterator<Item = &'static str> {
        T::VARIANTS.iter().map(|variant| (*variant).into())
    }
    of::<CodeState>()
        .chain(of::<DeadLetterState>())
        .chain(of::<Decision>())
        .chain(of::<DecisionState>())
        .chain(of::<Event>())
        .chain(of::<FulfillmentState>())
        .chain(of::<LetterAction>())
        .chain(of::<MessageOutcome>())
        .chain(of::<OperatorAction>())
        .chain(of::<ProductKind>())
        .chain(of::<QueryReason>())
        .chain(of::<RefundRequestState>())
        .chain(of::<RejectionReason>())
        .chain(of::<Remark>())
        .chain(of::<ReviewReason>())
        .chain(of::<ReviewState>())
        .collect()
}

/// Whether a line of code compares something with one of the words.
fn compares_word(line: &str, words: &BTreeSet<&str>) -> bool {
    let mut from = 0;
    while let Some((start, end)) = next_literal(line, from) {
        from = end + 1;
        if !words.contains(&line[start + 1..end]) {
            continue;
        }
        let (before, after) = (line[..start].trim_end(), line[end + 1..].trim_start());
        let is_operand =
            ["==", "!="].iter().any(|it| before.ends_with(it) || after.starts_with(it));
        let is_arm = !before.contains("=>")
            && after.split_once("=>").is_some_and(|(between, _)| !between.contains(['{', ';']));
        let is_alternative = before.ends_with('|') || (before.is_empty() && after.starts_with('|'));
        let is_listed = before.contains("matches!(") || before.ends_with("contains(&");
        if is_operand || is_arm || is_alternative || is_listed {
            return true;
        }
    }
    false
}

/// Where the next literal begins and ends: its two quotes.
fn next_literal(line: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + line.get(from..)?.find('"')?;
    let end = start + 1 + line[start + 1..].find('"')?;
    Some((start, end))
}

/// Whether a line of code compares a status with its number. A bare 0 can be the exit status of a process, or a count.
fn compares_number(line: &str) -> bool {
    let is_code = |text: &str| {
        let number: String = text.chars().take_while(char::is_ascii_digit).collect();
        number.parse().is_ok_and(|code| OrderStatus::from_code(code).is_some())
    };
    let is_operand = line.match_indices("status ").any(|(at, found)| {
        let rest = &line[at + found.len()..];
        let operand = rest.strip_prefix("== ").or_else(|| rest.strip_prefix("!= "));
        let is_field = line[..at].ends_with('.');
        operand.is_some_and(|number| is_code(number) && (is_field || !number.starts_with('0')))
    });
    let is_arm = line.split_once("=>").is_some_and(|(pattern, _)| {
        let pattern = pattern.split(" if ").next().unwrap_or_default().trim();
        pattern != "0"
            && !pattern.is_empty()
            && pattern.split('|').all(|it| {
                let it = it.trim();
                it.chars().all(|digit| digit.is_ascii_digit()) && is_code(it)
            })
    });
    is_operand || is_arm
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" && name != "target" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

#[test]
fn no_literal_is_compared_as_a_state() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let words = words();
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "the sources are elsewhere: {files:?}");
    let mut offending = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&file).unwrap();
        let program = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, line) in program.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            if is_comment || !(compares_word(line, &words) || compares_number(line)) {
                continue;
            }
            if !ALLOWED.iter().any(|(allowed, _)| name.starts_with(allowed)) {
                offending.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(offending.is_empty(), "compare with the enum's variant:\n{}", offending.join("\n"));
}

#[test]
fn comparisons_are_found() {
    let words = words();
    for line in [
        r#"if row.state == "open" {"#,
        r#""applied" | "unchanged" if has_news(told) => line.push_str(&news(told)),"#,
        r#"Some("awaiting_stock") => NextStep::StockWanted,"#,
        r#"matches!(state, "returned" | "cancelled")"#,
    ] {
        assert!(compares_word(line, &words), "{line}");
    }
    for line in
        ["row.status == 0 && paid", "32 if page.is_paid() => {", "8 | 4 | 106 => match goods {"]
    {
        assert!(compares_number(line), "{line}");
    }
    for line in [
        r#"let name = "open";"#,
        r#"Some(state) => say("已付款", "paid"),"#,
        r#"0 => String::new(),"#,
    ] {
        assert!(!compares_word(line, &words) && !compares_number(line), "{line}");
    }
}

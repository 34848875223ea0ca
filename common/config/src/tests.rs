use super::*;
use crate::layers::DEFAULTS;

/// The reference with its example lines (`#key = ...`) made real.
fn with_examples() -> toml::Table {
    let lines = DEFAULTS.lines().map(|line| match line.strip_prefix('#') {
        Some(example) if !example.is_empty() && !example.starts_with(' ') => example,
        _ => line,
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    text.parse().expect("the reference with its examples is TOML")
}

#[test]
fn the_reference_and_the_sections_hold_the_same_keys() {
    let table = with_examples();
    let read: Sections =
        serde::Deserialize::deserialize(node::ConfigValue::from(toml::Value::Table(table.clone())))
            .expect("every key of the reference exists and has a value of its type");
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("a section").keys().cloned().collect()
    };
    let known = serde_json::to_value(&read).unwrap();
    let written = serde_json::to_value(&table).unwrap();
    assert_eq!(keys(&written), keys(&known));
    for section in keys(&known) {
        let [known, written] = [&known, &written].map(|it| match section.as_str() {
            layers::MERCHANTS => keys(&it[&section]["shop"]),
            _ => keys(&it[&section]),
        });
        assert_eq!(written, known, "[{section}]");
    }
}

#[test]
fn every_key_of_the_reference_has_a_comment_above_it() {
    let mut commented = false;
    for line in DEFAULTS.lines() {
        let is_key = !line.starts_with("# ") && line.contains(" = ");
        if line.starts_with("# ") {
            commented = true;
        } else if line.is_empty() {
            commented = false;
        } else if is_key {
            // A _file key shares the comment of the key above it.
            assert!(commented, "no comment above {line}");
            let has_file = ["_key", "url", "_cert", "_token", "client_cert_file"]
                .iter()
                .any(|part| line.contains(part));
            commented = has_file;
        }
    }
}

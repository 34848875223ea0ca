//! Compares a text with the recorded one in `tests/snapshots`, without what differs from run to run. To record a wanted
//! change: `INSTA_UPDATE=always`.

/// What differs from run to run, and what is recorded in its place.
const FILTERS: [(&str, &str); 7] = [
    (r"\d{4}-\d\d-\d\dT[0-9:.]+\+08:00", "[time]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[time]"),
    (r"\b[0-9a-f]{64}\b", "[sha256]"),
    (r"\b[0-9a-f]{32}\b", "[hex]"),
    (r"\b20\d{6}[0-9a-f]{16}\b", "[request]"),
    (r#""milliseconds": \d+"#, r#""milliseconds": [milliseconds]"#),
    (r"· ops \d+\.\d+\.\d+", "· ops [version]"),
];

/// Asserts that the text is the one that is recorded under this name.
#[track_caller]
pub(crate) fn assert_as_recorded(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => FILTERS,
    }, { insta::assert_snapshot!(name, text) });
}

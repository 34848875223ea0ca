//! `docs/protocol-coverage.md` names files and tests: they exist, in both languages.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_file_and_test_that_the_coverage_names_is_there() {
    for document in ["docs/protocol-coverage.md", "docs/protocol-coverage.zh-CN.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        // What is handled stands in tables of five columns: the fourth is code, the fifth tests.
        let rows = text.lines().map(|line| line.split(" | ").collect::<Vec<_>>());
        let mut tests = 0;
        for row in rows.filter(|row| row.len() >= 5) {
            let (start, named) = row.split_at(row.len() - 2);
            for cell in named {
                tests += check(cell)
                    .unwrap_or_else(|problem| panic!("{document}: {start:?}: {problem}"));
            }
        }
        assert!(tests > 100, "{document}: {tests}");
    }
}

#[test]
fn both_languages_name_the_same_files_and_tests_row_by_row() {
    let rows = |document: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let rows = text.lines().map(|line| line.split(" | ").collect::<Vec<_>>());
        let named = |cell: &&str| cell.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(" ");
        rows.filter(|row| row.len() >= 5)
            .map(|row| row.iter().skip(row.len() - 2).map(named).collect())
            .collect()
    };
    let [english, chinese] =
        ["docs/protocol-coverage.md", "docs/protocol-coverage.zh-CN.md"].map(rows);
    assert_eq!(english, chinese);
}

/// The number of tests that a cell names, each behind its file: `` `file` `function`, `function` ``.
fn check(cell: &str) -> Result<usize, String> {
    let mut file: Option<(&str, String)> = None;
    let mut tests = 0;
    for word in cell.split('`').skip(1).step_by(2) {
        let path = root().join(word);
        match &file {
            _ if path.is_file() => file = Some((word, fs::read_to_string(path).unwrap())),
            _ if path.is_dir() => file = None,
            Some((_, source)) if source.contains(&format!("fn {word}(")) => tests += 1,
            Some((name, _)) => return Err(format!("{name} has no {word}")),
            None => return Err(format!("{word} is not there")),
        }
    }
    Ok(tests)
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

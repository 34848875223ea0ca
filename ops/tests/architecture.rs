//! ARCHITECTURE.md names files and tests: all of them exist.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is between backticks on one line.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_file_that_it_names_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let folders: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let mut seen = 0;
    for span in code_spans(&text) {
        let Some((first, _)) = span.split_once('/') else { continue };
        if span.contains([' ', '*', '{']) || !folders.contains(first) {
            continue;
        }
        seen += 1;
        assert!(root().join(span).exists(), "there is no {span}");
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn every_test_that_it_names_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, invariants) = text.split_once("## Invariants").unwrap();
    let (invariants, _) = invariants.split_once("\n## ").unwrap();
    let mut sources = String::new();
    read_all(&root(), &mut sources);
    let (mut seen, mut missing) = (0, Vec::new());
    for span in code_spans(invariants) {
        let is_name =
            span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_name || span.matches('_').count() < 4 {
            continue;
        }
        seen += 1;
        if !sources.contains(&format!("fn {span}(")) {
            missing.push(span);
        }
    }
    assert_eq!(missing, [""; 0], "there are no such tests");
    assert!(seen > 15, "{seen}");
}

/// The text of all tests.
fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let (path, name) = (entry.path(), entry.file_name());
        let is_source = path.components().any(|part| part.as_os_str() == "tests");
        if path.is_dir() && name != "target" && name != ".git" {
            read_all(&path, text);
        } else if is_source && path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

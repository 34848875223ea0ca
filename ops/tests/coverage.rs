//! What documents and comments refer to exists: files, tests, headings, sections of `docs/protocol.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_file_and_test_named_in_protocol_coverage_exists() {
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

/// How comments cite the protocol: a number follows, or several as in `9.1, §9.4`. In two parts, since this file is searched too.
const CITATION: &str = concat!("docs/protocol.md", " §");

#[test]
fn every_section_of_the_protocol_that_a_comment_cites_exists() {
    let protocol = fs::read_to_string(root().join("docs/protocol.md")).unwrap();
    let sections: BTreeSet<&str> = headings(&protocol)
        .filter_map(|heading| heading.split(' ').next())
        .map(|number| number.trim_end_matches('.'))
        .collect();
    let mut cited = 0;
    for file in files(&root(), "rs") {
        let source = fs::read_to_string(&file).unwrap();
        for citation in source.split(CITATION).skip(1) {
            let numbers = citation.split(|c: char| !(c.is_ascii_digit() || ".§, ".contains(c)));
            for number in numbers.take(1).flat_map(|numbers| numbers.split(", §")) {
                let number = number.trim_matches([' ', ',', '.']);
                assert!(sections.contains(number), "{}: §{number}", file.display());
                cited += 1;
            }
        }
    }
    assert!(cited > 30, "{cited}");
}

#[test]
fn every_link_between_documents_has_a_target() {
    let mut links = 0;
    for file in files(&root(), "md") {
        let text = fs::read_to_string(&file).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains(':') && !target.contains(' ')) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match path {
                "" => file.clone(),
                path => file.parent().unwrap().join(path),
            };
            assert!(path.exists(), "{}: {target} is not there", file.display());
            if path.extension().is_some_and(|extension| extension == "md") && !anchor.is_empty() {
                let text = fs::read_to_string(&path).unwrap();
                let found = headings(&text).any(|heading| anchor_of(heading) == anchor);
                assert!(found, "{}: {target}: no such heading", file.display());
            }
            links += 1;
        }
    }
    assert!(links > 100, "{links}");
}

fn headings(markdown: &str) -> impl Iterator<Item = &str> {
    let lines = markdown.lines().filter(|line| line.starts_with('#'));
    lines.map(|line| line.trim_start_matches('#').trim())
}

/// How a heading is named in a link: letters, digits, `-` and `_` in lower case, blanks as `-`.
fn anchor_of(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// All files with an extension below a folder, without hidden folders and what is built or installed.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

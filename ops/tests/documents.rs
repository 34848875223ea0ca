//! `docs/troubleshooting.md` explains, in both languages, every reason that a program can print; `docs/metrics.md` every
//! metric; and the commands in documents exist.
//!
//! Reasons are words in many crates, most of them in a `match` and in no list, and some crates are
//! not below this one. So they are read from the sources: the literals of every method called
//! `reason_code` or `reason`, the variants of the closed sets of `order`, every `code:`, the names in every
//! `Readiness::of`, what a worker says of its database, and the messages of the errors that keep a program from starting. A new one is
//! found without anybody thinking of this test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use order::{MessageOutcome, RejectionReason, Remark, ReviewReason, VariantArray};
use service::metric;

const LANGUAGES: [(&str, &str); 2] =
    [("docs/troubleshooting.md", "- **Do:** "), ("docs/troubleshooting.zh-CN.md", "- **处理：**")];

/// Folders with programs and what is below them. The simulator and the tests explain themselves.
const SOURCES: [&str; 4] = ["common", "ingress", "ops", "worker"];

/// Errors without a code: the message itself is what a user sees and searches for.
const MESSAGES: [&str; 6] = [
    "common/service/src/admin.rs",
    "common/alipay/src/key_error.rs",
    "common/config/src/error.rs",
    "common/store/src/migrate.rs",
    "ingress/src/server.rs",
    "worker/src/run.rs",
];

#[test]
fn every_reason_is_explained_in_both_languages() {
    let reasons = reasons();
    for expected in [
        "bad_signature",
        "order_not_found",
        "not_delivered",
        "work queue",
        "exit 3",
        "the database is read-only since",
        "no_workers",
    ] {
        assert!(reasons.contains(expected), "the scan does not find {expected}");
    }
    for (document, _) in LANGUAGES {
        let headings: BTreeSet<String> = entries(document).into_iter().map(|(h, _)| h).collect();
        let missing: Vec<&String> = reasons.difference(&headings).collect();
        assert!(missing.is_empty(), "{document} has no heading for {missing:#?}");
    }
}

#[test]
fn every_explained_reason_is_printed_by_a_program() {
    // Some are in no list that the scan knows; then they stand somewhere in the sources.
    let programs: String = SOURCES
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|file| read(&file).split("#[cfg(test)]").next().unwrap_or_default().to_owned())
        .collect();
    let reasons = reasons();
    let stale: Vec<String> = entries(LANGUAGES[0].0)
        .into_iter()
        .map(|(heading, _)| heading)
        .filter(|heading| !reasons.contains(heading) && !programs.contains(heading.as_str()))
        .collect();
    assert!(stale.is_empty(), "nothing prints {stale:#?}");
}

#[test]
fn both_languages_have_the_same_entries_with_a_remedy() {
    let [english, chinese] = LANGUAGES.map(|(document, what_to_do)| {
        entries(document).into_iter().map(move |(heading, text)| {
            assert!(text.contains(what_to_do), "{document}: {heading} does not say what to do");
            heading
        })
    });
    let (english, chinese): (Vec<String>, Vec<String>) = (english.collect(), chinese.collect());
    assert_eq!(english, chinese);
    let unique: BTreeSet<&String> = english.iter().collect();
    assert_eq!(unique.len(), english.len(), "a heading occurs twice");
}

/// The headings of the third level with what is below them.
fn entries(document: &str) -> Vec<(String, String)> {
    let text = read(&root().join(document));
    let sections = text.split("\n## ").flat_map(|section| section.split("\n### ").skip(1));
    sections
        .map(|entry| {
            let (heading, text) = entry.split_once('\n').unwrap_or((entry, ""));
            (heading.trim_matches(['`', ' ']).to_owned(), text.to_owned())
        })
        .collect()
}

fn reasons() -> BTreeSet<String> {
    let mut reasons = BTreeSet::new();
    for folder in SOURCES {
        for file in sources(&root().join(folder)) {
            let source = read(&file);
            let program = source.split("#[cfg(test)]").next().unwrap_or_default();
            for name in ["fn reason_code(&self", "fn reason(&self"] {
                for function in program.split(name).skip(1) {
                    // A method ends with an indented brace, any other function with one that is not.
                    let body = function.split("\n    }\n").next().unwrap_or_default();
                    let body = body.split("\n}\n").next().unwrap_or_default();
                    reasons.extend(body.split("=> ").skip(1).filter_map(literal));
                }
            }
            // `add(` and `code:` are in `ops verify`, which says what would make a signature hold.
            for before in ["code: ", " add("] {
                reasons.extend(program.split(before).skip(1).filter_map(literal));
            }
            for block in program.split("Readiness::of(&[").skip(1) {
                let conditions = block.split("])").next().unwrap_or_default();
                reasons.extend(conditions.split('(').skip(1).filter_map(literal));
            }
        }
    }
    // What is wrong with the database, as `/readyz` of a worker says it before the server's words.
    let health = read(&root().join("worker/src/health.rs"));
    let troubles = health.split("format!(").skip(1).filter_map(literal);
    let words =
        |text: String| text.split([':', '{']).next().map(|words| words.trim_end().to_owned());
    reasons.extend(troubles.filter_map(words));
    // The findings of `ops status`.
    for file in sources(&root().join("ops/src/operations/verdict")) {
        let source = read(&file);
        for function in source.split("fn describe(").skip(1) {
            let body = function.split("\n    }\n").next().unwrap_or_default();
            // Every second part is a literal; a code stands before the words in Chinese.
            let parts: Vec<&str> = body.split('"').collect();
            for part in parts.windows(3).skip(1).step_by(2) {
                let before_words = part[1].trim() == "," && !part[2].is_ascii();
                if before_words || part[1].starts_with(", chinese") {
                    reasons.insert(part[0].to_owned());
                }
            }
        }
    }
    for file in MESSAGES {
        let source = read(&root().join(file));
        reasons.extend(source.split("#[error(").skip(1).filter_map(literal).map(|m| shown(&m)));
    }
    reasons.extend(ReviewReason::VARIANTS.iter().map(ToString::to_string));
    reasons.extend(RejectionReason::VARIANTS.iter().map(ToString::to_string));
    reasons.extend(Remark::VARIANTS.iter().map(ToString::to_string));
    reasons.extend(gaps());
    reasons.extend(MessageOutcome::VARIANTS.iter().map(ToString::to_string));
    reasons.extend((0..=3).map(|code| format!("exit {code}")));
    reasons
}

/// The names of gaps, as `ops audit --help` lists them.
fn gaps() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_ops")).args(["audit", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, list) = help.split_once("Gaps:\n").unwrap();
    list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// The string literal that the text begins with.
fn literal(text: &str) -> Option<String> {
    let inside = text.trim_start().strip_prefix('"')?;
    let end = inside.find('"')?;
    Some(inside[..end].to_owned())
}

/// A message as the documents show it: `…` for each value, lines joined.
fn shown(message: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for character in message.replace("\\\n", "").chars() {
        match character {
            '{' => {
                depth += 1;
                text.push('…');
            }
            '}' => depth -= 1,
            _ if depth > 0 => {}
            ' ' if text.ends_with(' ') => {}
            other => text.push(other),
        }
    }
    text
}

/// All Rust files in the `src` folders below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.components().any(|part| part.as_os_str() == "src")
        {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `/metrics` has no name that the pages do not explain, and they explain none that is not there.
#[test]
fn every_metric_is_on_the_pages_of_metrics() {
    let all: BTreeSet<&str> = metric::ALL.iter().map(|metric| metric.name).collect();
    for document in ["docs/metrics.md", "docs/metrics.zh-CN.md"] {
        let text = read(&root().join(document));
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let names = rows.flat_map(|row| row.split(" | ").next().unwrap_or_default().split('`'));
        let names = names.filter_map(|code| code.split('{').next());
        let explained: BTreeSet<&str> = names.filter(|name| name.starts_with("alipay_")).collect();
        assert_eq!(explained, all, "{document}");
    }
}

/// A name that no program reports any more, or that is written by hand, would be missed by monitoring.
#[test]
fn programs_report_metrics_by_the_names_of_the_list() {
    let mut reported = BTreeSet::new();
    for file in SOURCES.iter().flat_map(|folder| sources(&root().join(folder))) {
        let source = read(&file);
        for before in ["counter!(", "gauge!(", "histogram!("] {
            let by_hand = source.split(before).skip(1).find_map(literal);
            assert_eq!(by_hand, None, "{}", file.display());
        }
        let names = source.split("metric::").skip(1);
        reported.extend(names.filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_')?;
            Some(rest[..end].to_owned()).filter(|name| name.len() > 3)
        }));
    }
    let list = read(&root().join("common/service/src/metric.rs"));
    let constants = list.lines().filter_map(|line| line.trim().split_once(" = "));
    let constants: BTreeSet<String> = constants
        .filter(|(_, rest)| rest.contains("\"alipay_"))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(constants.len(), metric::ALL.len());
    assert_eq!(constants.difference(&reported).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Alarms and the dashboard read metrics that are there.
#[test]
fn alarms_and_the_dashboard_read_metrics_of_the_list() {
    for document in ["docs/alerts.yml", "docs/grafana.json"] {
        let text = read(&root().join(document));
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names: BTreeSet<&str> = words.filter(|word| word.starts_with("alipay_")).collect();
        assert!(names.len() > 10, "{document}: {names:?}");
        for name in names {
            let family =
                ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            let is_there =
                metric::ALL.iter().any(|metric| metric.name == name || Some(metric.name) == family);
            assert!(is_there, "{document}: {name}");
        }
    }
}

/// Commands in the documents are commands of the program.
#[test]
fn every_ops_command_in_the_documents_exists() {
    let mut documents: Vec<PathBuf> = ["README.md", "README.zh-CN.md"].map(Into::into).into();
    documents.extend(["operating", "troubleshooting"].iter().flat_map(|name| {
        [format!("docs/{name}.md"), format!("docs/{name}.zh-CN.md")].map(Into::into)
    }));
    let commands: BTreeSet<Vec<String>> =
        documents.iter().flat_map(|document| commands(&read(&root().join(document)))).collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let help = Command::new(env!("CARGO_BIN_EXE_ops")).args(&command).arg("--help").output();
        let help = help.unwrap();
        let said = String::from_utf8_lossy(&help.stderr);
        assert!(help.status.success(), "ops {}: {said}", command.join(" "));
    }
}

/// The words after `ops` in code: its verb, and the verb's own where it has some.
fn commands(document: &str) -> Vec<Vec<String>> {
    let blocks = document.split("```").enumerate().flat_map(|(at, text)| -> Vec<&str> {
        match at % 2 {
            0 => text
                .lines()
                .flat_map(|line| match line.starts_with("    ") {
                    true => vec![line],
                    false => line.split('`').skip(1).step_by(2).collect(),
                })
                .collect(),
            _ => text.lines().collect(),
        }
    });
    blocks
        .flat_map(|line| line.split("&&").flat_map(|part| part.split('|')))
        .filter_map(|command| command.trim_start().strip_prefix("ops "))
        .filter_map(|arguments| {
            let words = arguments.split_whitespace().take(2);
            let is_verb = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let words: Vec<String> = words
                .take_while(is_verb)
                .filter(|word| !word.starts_with('-'))
                .map(str::to_owned)
                .collect();
            (!words.is_empty()).then_some(words)
        })
        .collect()
}

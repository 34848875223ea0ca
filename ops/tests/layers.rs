//! What the parts of `ops` may name: operations know neither the command line nor the console.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below a folder of the sources.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

/// Files below a folder that hold one of these words outside comments.
fn that_name(folder: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in sources(folder) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: String = code.map(|line| format!("{line}\n")).collect();
        let named = words.iter().filter(|word| code.contains(**word));
        found.extend(named.map(|word| format!("{} names {word}", file.display())));
    }
    found
}

#[test]
fn operations_know_neither_the_command_line_nor_the_console() {
    let faces = ["clap", "maud", "axum", "comfy_table", "crate::cli", "crate::console"];
    let found = that_name("operations", &faces);
    assert!(found.is_empty(), "{found:#?}");
    // The test can fail: the faces do name them.
    assert!(!that_name("cli", &["clap"]).is_empty());
}

#[test]
fn operations_print_nothing_and_verbs_do_not_touch_the_database_themselves() {
    let printing = ["println!", "print!(", "stdout()", "is_terminal"];
    let found = that_name("operations", &printing);
    assert!(found.is_empty(), "{found:#?}");
    // A verb hands its connection to an operation, or to a read of the store.
    let database = ["diesel", "MysqlConnection", "sql_query", ".transaction(", "DeadQueue"];
    let found = that_name("cli", &database);
    assert!(found.is_empty(), "{found:#?}");
    // The test can fail: operations do.
    assert!(!that_name("operations", &database).is_empty());
}

#[test]
fn verbs_ask_nobody_themselves() {
    // An operation reads at one moment, connects, publishes and looks; its result says how the program ends.
    let asking = ["snapshot(", "Publisher", "Cluster", "Gateway", "IngressLook", "NotRecorded"];
    let found = that_name("cli", &asking);
    assert!(found.is_empty(), "{found:#?}");
    // The test can fail: operations do.
    let named = that_name("operations", &asking);
    assert!(asking.iter().all(|word| named.iter().any(|line| line.ends_with(word))), "{named:#?}");
}

#[test]
fn addresses_of_pages_are_built_in_one_place() {
    // What is written out would lead out of the base path (console.base_path): `address.rs` has `at`.
    let written = [
        "href=\"/",
        "action=\"/",
        "link(\"/",
        "Redirect::to(\"/",
        "to(&format!(\"/",
        "action=(PATH)",
        "link(PATH",
        "to(PATH",
    ];
    let found = that_name("console", &written);
    assert!(found.is_empty(), "{found:#?}");
    // The test can fail: forms do name their receivers.
    assert!(!that_name("console", &["action=(at(\"/"]).is_empty());
}

#[test]
fn the_command_line_only_starts_the_console() {
    let found = that_name("cli", &["crate::console"]);
    assert!(matches!(&found[..], [one] if one.contains("cli/verb/console.rs")), "{found:#?}");
    let found = that_name("console", &["crate::cli"]);
    assert!(found.is_empty(), "{found:#?}");
}

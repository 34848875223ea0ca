//! `docs/integration.md` shows the files of this folder as they are, in both languages.
//!
//! After a change of a snippet: `WRITE_DOCUMENTS=1 cargo nextest run --workspace -E 'package(integration) and binary(documents)'`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use integration::{Block, blocks};

const DOCUMENTS: [&str; 2] = ["docs/integration.md", "docs/integration.zh-CN.md"];

#[test]
fn the_documents_show_every_snippet_as_it_is() {
    let files: BTreeSet<String> =
        ["php", "java", "node", "."].into_iter().flat_map(snippets).collect();
    assert!(files.len() > 15, "{files:?}");
    for document in DOCUMENTS {
        if std::env::var_os("WRITE_DOCUMENTS").is_some() {
            write(document);
        }
        let text = read(&root().join(document));
        let mut shown = BTreeSet::new();
        for block in blocks(&text) {
            let Some(file) = file_of(&block) else { continue };
            let is = read(&root().join("examples/integration").join(&file));
            assert_eq!(block.text, is, "{document}:{} is not {file}", block.line);
            shown.insert(file);
        }
        let missing: Vec<&String> = files.difference(&shown).collect();
        assert!(missing.is_empty(), "{document} does not show {missing:?}");
    }
}

#[test]
fn both_languages_have_the_same_blocks() {
    let [english, chinese] = DOCUMENTS.map(|document| {
        let blocks = blocks(&read(&root().join(document)));
        blocks.into_iter().map(|block| block.language).collect::<Vec<_>>()
    });
    assert_eq!(english, chinese);
}

/// The file that the comment before a block names: `<!-- php/events.php -->`.
fn file_of(block: &Block) -> Option<String> {
    let file = block.before.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    Some(file.to_owned())
}

/// Puts the snippets as they are into a document.
fn write(document: &str) {
    let path = root().join(document);
    let mut text = read(&path);
    for block in blocks(&text.clone()) {
        let Some(file) = file_of(&block) else { continue };
        let fence = format!("{}\n```{}\n", block.before, block.language);
        let is = read(&root().join("examples/integration").join(&file));
        text = text.replace(&format!("{fence}{}```", block.text), &format!("{fence}{is}```"));
    }
    std::fs::write(path, text).unwrap();
}

/// The snippets of a folder.
fn snippets(folder: &str) -> Vec<String> {
    let path = root().join("examples/integration").join(folder);
    let names = std::fs::read_dir(path)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap());
    let shown = names.filter(|name| {
        [".php", ".java", ".mjs", ".sql"].iter().any(|ending| name.ends_with(ending))
    });
    shown.map(|name| if folder == "." { name } else { format!("{folder}/{name}") }).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

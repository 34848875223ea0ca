//! SQL cannot call a function of this crate, so a statement that chooses rows by several words of a closed set names the
//! words. This test reads the statements: each such list is one that a function of this crate decides on, as it decides today.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that reads the sources")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use order::{
    FulfillmentState, MessageOutcome, OrderStatus, RefundRequestState, ReviewState, VariantArray,
};

/// What this file compares with the rows themselves: the statuses of an order that was never paid are no list of words, but
/// combinations.
const COMPARED_ELSEWHERE: [(&str, &str); 1] =
    [("store/src/prune/order_is_over.sql", "common/store/tests/order_is_over.rs")];

type Words = BTreeSet<String>;

fn words<T: VariantArray + Copy + Into<&'static str>>(is_meant: impl Fn(T) -> bool) -> Words {
    let meant = T::VARIANTS.iter().copied().filter(|variant| is_meant(*variant));
    meant
        .map(|variant| {
            let word: &str = variant.into();
            word.to_owned()
        })
        .collect()
}

/// The lists that statements may name.
fn sets() -> [Words; 6] {
    [
        OrderStatus::WITH_GOODS.iter().map(|status| status.code().to_string()).collect(),
        words(FulfillmentState::is_waiting),
        words(FulfillmentState::is_given),
        words(|state: RefundRequestState| !state.has_ended()),
        words(MessageOutcome::is_worked_on),
        // A case that was settled has become moot.
        words(|state: ReviewState| state != ReviewState::Settled),
    ]
}

/// The statements below a folder, in files of their own or between Rust.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "sql" || it == "rs") {
            found.push(path);
        }
    }
}

/// The lists of words or numbers after `IN (`.
fn lists(text: &str) -> Vec<Words> {
    let lists = text.split(" IN (").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let is_constant = |list: &&str| list.starts_with(|it: char| it == '\'' || it.is_ascii_digit());
    let word = |word: &str| word.trim().trim_matches('\'').to_owned();
    lists.filter(is_constant).map(|list| list.split(',').map(word).collect()).collect()
}

#[test]
fn each_list_of_a_statement_is_one_that_a_function_decides_on() {
    let common = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    sources(&common.join("store/src"), &mut files);
    let (sets, mut seen) = (sets(), BTreeSet::new());
    for file in files {
        let name = file.strip_prefix(common).unwrap().to_string_lossy().into_owned();
        for list in lists(&fs::read_to_string(&file).unwrap()) {
            let is_number = list.iter().all(|word| word.parse::<i16>().is_ok());
            if is_number && COMPARED_ELSEWHERE.iter().any(|(elsewhere, _)| name == *elsewhere) {
                continue;
            }
            let set = sets.iter().position(|set| *set == list);
            seen.insert(set.unwrap_or_else(|| panic!("{name}: {list:?} is no set of {sets:?}")));
        }
    }
    assert_eq!(seen.len(), sets.len(), "a set that no statement names: {seen:?}");
}

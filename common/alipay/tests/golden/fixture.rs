//! Fixture files.

use std::fs;
use std::path::{Path, PathBuf};

use alipay::{Charset, Form};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// When plain keys are used does not matter.
pub(crate) const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// A folder or file under `tests/fixtures`.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The text of a file.
#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
pub(crate) fn text(name: &str) -> String {
    let path = path(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every JSON file of a folder with its name, sorted by name.
pub(crate) fn folder(name: &str) -> Vec<(String, Value)> {
    let entries = fs::read_dir(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.ends_with(".json"))
        .map(|file| format!("{name}/{file}"))
        .collect();
    names.sort();
    names.into_iter().map(|file| (file.clone(), json(&file))).collect()
}

/// A JSON file.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The character set that a fixture names.
pub(crate) fn charset(fixture: &Value) -> Charset {
    Charset::named(fixture["charset"].as_str().unwrap().as_bytes()).unwrap()
}

/// The form of a fixture: its raw `body`, or its decoded `params` encoded in its charset.
pub(crate) fn form(fixture: &Value) -> Form {
    match (&fixture["body"], &fixture["params"]) {
        (Value::String(body), Value::Null) => Form::parse(body.as_bytes()).unwrap(),
        (Value::Null, params @ Value::Object(_)) => form_in(charset(fixture), params),
        _ => panic!("neither body nor params: {fixture}"),
    }
}

/// Decoded parameters as a form in a character set.
pub(crate) fn form_in(charset: Charset, params: &Value) -> Form {
    let pairs = params.as_object().unwrap().iter();
    pairs.map(|(name, value)| (name, charset.encode(value.as_str().unwrap()).unwrap())).collect()
}

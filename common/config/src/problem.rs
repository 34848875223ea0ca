//! What is wrong with a value, before it is known whose value it is. The text holds nothing of a secret: of a value of the wrong
//! type it names the type alone.

use std::fmt::{self, Display};

use serde::de::{Error, Expected, Unexpected};

/// Why a value cannot be read.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A table has a key that does not exist.
    UnknownKey {
        /// The key.
        name: String,
        /// Those that exist.
        known: &'static [&'static str],
    },
    /// Anything else.
    Value(String),
}

impl Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::UnknownKey { name, known } => {
                write!(out, "{name:?} is none of {}", known.join(", "))
            }
            Problem::Value(problem) => out.write_str(problem),
        }
    }
}

impl std::error::Error for Problem {}

impl Error for Problem {
    fn custom<T: Display>(problem: T) -> Problem {
        Problem::Value(problem.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        let found = match found {
            Unexpected::Bool(_) => "boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
            Unexpected::Float(_) => "float",
            Unexpected::Str(_) => "text",
            Unexpected::Seq => "list",
            Unexpected::Map => "table",
            _ => "another type",
        };
        let expected = match expected.to_string().as_str() {
            "a sequence" => "a list of texts, [\"...\"], or a list of tables, [{ ... }]".to_owned(),
            "a boolean" => "true or false".to_owned(),
            other => other.to_owned(),
        };
        Problem::Value(format!("expected {expected}, found {found}"))
    }

    /// Is called for values that are no secrets: numbers, times, addresses.
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        Problem::Value(match found {
            Unexpected::Str(text) => format!("{text:?} is not {expected}"),
            Unexpected::Signed(number) => format!("{number} is out of range, expected {expected}"),
            _ => format!("expected {expected}"),
        })
    }

    fn unknown_variant(word: &str, expected: &'static [&'static str]) -> Problem {
        let mut words: Vec<String> = expected.iter().map(|word| format!("{word:?}")).collect();
        let last = words.pop().unwrap_or_default();
        Problem::Value(format!("{word:?}: expected {} or {last}", words.join(", ")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Problem {
        Problem::UnknownKey { name: name.to_owned(), known }
    }

    fn missing_field(field: &'static str) -> Problem {
        Problem::Value(format!("{field} is not set"))
    }
}

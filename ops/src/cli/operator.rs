//! Who is at the keyboard.

use clap::Args;
use tracing::warn;

use crate::failure::Failure;
use crate::operations::LONGEST_PERSON_NAME;

/// The person whose name is written down with an action.
#[derive(Debug, Clone, Args)]
pub(crate) struct Operator {
    /// Your name, for the record; default: $USER
    #[arg(long, env = "USER", hide_env_values = true, value_name = "NAME")]
    by: Option<String>,
}

impl Operator {
    /// The name; what ends something for good must have one.
    pub(crate) fn name(&self) -> Result<&str, Failure> {
        let name = self.by.as_deref().map(str::trim).filter(|name| !name.is_empty());
        match name {
            None => Err(Failure::Usage("say who you are: --by NAME ($USER is not set)".to_owned())),
            Some(name) if name.chars().count() > LONGEST_PERSON_NAME => {
                Err(Failure::Usage(format!("--by: at most {LONGEST_PERSON_NAME} characters")))
            }
            Some(name) => Ok(name),
        }
    }

    /// The name, where a record without one is better than nothing done.
    pub(crate) fn name_or_unknown(&self) -> Result<&str, Failure> {
        if self.by.is_some() {
            return self.name();
        }
        warn!("recorded as done by \"unknown\", since $USER is not set: say who with --by NAME");
        Ok("unknown")
    }
}

/// The reason that an operator has to give.
pub(crate) fn why(reason: &str) -> Result<&str, Failure> {
    Some(reason.trim())
        .filter(|reason| !reason.is_empty())
        .ok_or_else(|| Failure::Usage("--reason: say why".to_owned()))
}

//! Who acts, and why. The name is that of the login; where there is none, it is typed.

use maud::{Markup, html};
use service::language::say;

use super::page::usage;
use super::request::Fields;
use super::user::User;
use crate::failure::Failure;
use crate::operations::LONGEST_PERSON_NAME;

/// The most characters of a note.
const LONGEST_NOTE: usize = 1000;

/// The fields of a form; `hint` and `label` are about the note.
pub(super) fn fields(hint: &str, label: &str, is_required: bool) -> Markup {
    html! {
        (by_field(is_required))
        input name="note" required[is_required] size="44" maxlength=(LONGEST_NOTE)
            placeholder=(hint) aria-label=(label);
    }
}

/// The field for the name, where there is no login.
pub(super) fn by_field(is_required: bool) -> Markup {
    let name = say("姓名", "Your name");
    html! {
        @if user_name().is_none() {
            input name="by" required[is_required] maxlength=(LONGEST_PERSON_NAME) autocomplete="name"
                placeholder=(name) aria-label=(name);
        }
    }
}

fn user_name() -> Option<String> {
    User::here().and_then(|user| user.name)
}

/// Who does it.
pub(super) fn name(form: &Fields) -> Result<String, Failure> {
    if let Some(name) = user_name() {
        return Ok(name);
    }
    let name = form.get("by");
    if name.is_empty() {
        return Err(usage("请写姓名", "say who you are"));
    }
    let long = say("姓名太长，最多的字数", "the name is too long; the most characters");
    within(name, LONGEST_PERSON_NAME, long)
}

/// Why; may be empty.
pub(super) fn note(form: &Fields) -> Result<String, Failure> {
    let long = say("原因太长，最多的字数", "the note is too long; the most characters");
    within(form.get("note"), LONGEST_NOTE, long)
}

fn within(text: &str, most: usize, long: &str) -> Result<String, Failure> {
    match text.chars().count() > most {
        true => Err(Failure::Usage(format!("{long}: {most}"))),
        false => Ok(text.to_owned()),
    }
}

//! States as small coloured words.

use service::html::Html;
use service::language::{Language, say};

use crate::operations::order::status_name::{status_chinese, status_name};

/// How a tag looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Blue,
    Warn,
    Bad,
}

impl Tone {
    /// Its class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Good => "good",
            Tone::Blue => "blue",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// A word in a tone.
pub(super) fn tag(tone: Tone, word: &str) -> Html {
    Html::new().raw("<span class=\"tag ").raw(tone.class()).raw("\">").text(word).raw("</span>")
}

/// The status of an order: its number and its name.
pub(super) fn status(code: i16) -> Html {
    let tone = match code {
        8 => Tone::Good,
        4 => Tone::Blue,
        105 | 106 => Tone::Warn,
        _ => Tone::Plain,
    };
    tag(tone, &format!("{code} {}", status_words(code)))
}

/// The name of a status.
pub(super) fn status_words(code: i16) -> &'static str {
    say(status_chinese(code), status_name(code))
}

/// The state of goods.
pub(super) fn goods(state: &str) -> Html {
    tag(goods_named(state).0, &goods_words(state))
}

/// The name of a state of goods.
pub(super) fn goods_words(state: &str) -> String {
    match Language::here() {
        Language::Chinese if !goods_named(state).1.is_empty() => goods_named(state).1.to_owned(),
        _ => state.replace('_', " "),
    }
}

fn goods_named(state: &str) -> (Tone, &'static str) {
    match state {
        "delivered" => (Tone::Good, "已发货"),
        "returned" => (Tone::Warn, "已收回"),
        "awaiting_stock" => (Tone::Bad, "缺货"),
        "awaiting_manual" => (Tone::Warn, "待人工"),
        "awaiting_account" => (Tone::Warn, "缺账号"),
        "cancelled" => (Tone::Plain, "已取消"),
        _ => (Tone::Plain, ""),
    }
}

//! States as small coloured words.

use maud::{Markup, html};
use order::{CodeState, FulfillmentState, OrderStatus};
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
pub(super) fn tag(tone: Tone, word: &str) -> Markup {
    html! { span.tag.(tone.class()) { (word) } }
}

/// The status of an order: its number and its name.
pub(super) fn status(code: i16) -> Markup {
    let tone = match OrderStatus::from_code(code) {
        Some(OrderStatus::Paid) => Tone::Good,
        Some(OrderStatus::Finished) => Tone::Blue,
        Some(OrderStatus::Refunded | OrderStatus::RefundClosed) => Tone::Warn,
        Some(OrderStatus::Placed | OrderStatus::Closed) | None => Tone::Plain,
    };
    tag(tone, &format!("{code} {}", status_words(code)))
}

/// The name of a status.
pub(super) fn status_words(code: i16) -> &'static str {
    say(status_chinese(code), status_name(code))
}

/// The state of goods.
pub(super) fn goods(state: FulfillmentState) -> Markup {
    use FulfillmentState::{
        AwaitingAccount, AwaitingManual, AwaitingStock, Cancelled, Delivered, Returned,
    };
    let tone = match state {
        Delivered => Tone::Good,
        AwaitingStock => Tone::Bad,
        Returned | AwaitingManual | AwaitingAccount => Tone::Warn,
        Cancelled => Tone::Plain,
    };
    tag(tone, &goods_words(state))
}

/// The state of a code.
pub(super) fn code(state: CodeState) -> Markup {
    match state {
        CodeState::Delivered => goods(FulfillmentState::Delivered),
        CodeState::Returned => goods(FulfillmentState::Returned),
        CodeState::Available => tag(Tone::Plain, say("可售", "available")),
        CodeState::Resold => tag(Tone::Plain, say("已重新上架", "resold")),
        CodeState::Withdrawn => tag(Tone::Plain, say("已取出", "withdrawn")),
    }
}

/// The name of a state of goods.
pub(super) fn goods_words(state: FulfillmentState) -> String {
    match Language::here() {
        Language::Chinese => goods_chinese(state).to_owned(),
        Language::English => state.as_str().replace('_', " "),
    }
}

fn goods_chinese(state: FulfillmentState) -> &'static str {
    match state {
        FulfillmentState::Delivered => "已发货",
        FulfillmentState::Returned => "已收回",
        FulfillmentState::AwaitingStock => "缺货",
        FulfillmentState::AwaitingManual => "待人工",
        FulfillmentState::AwaitingAccount => "缺账号",
        FulfillmentState::Cancelled => "已取消",
    }
}

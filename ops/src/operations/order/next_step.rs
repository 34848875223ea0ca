//! What to do next with an order, in both languages: one place for every state.

use order::{OrderStatus, PaymentState, RejectionReason, ReviewReason, Undelivered};
use store::BeijingTime;
use store::review::ReviewRow;

use crate::operations::order::details::OrderDetails;
use crate::operations::order::{payment, status};
use crate::operations::review_case;

/// What an order waits for, or that it waits for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Not paid.
    Unpaid { order: String, asked_at: Option<BeijingTime> },
    /// Paid to an account that cannot receive yet.
    Pending { asked_at: Option<BeijingTime> },
    /// Paid, and the goods wait for the gateway's confirmation.
    Unconfirmed { order: String, asked_at: Option<BeijingTime> },
    /// Paid after the order's time limit, and such payments are refunded.
    Late { order: String },
    /// Paid and delivered.
    Paid { order: String },
    /// Paid, and no worker has handled its goods yet.
    NotYetDelivered,
    /// Waits for codes.
    StockWanted { product: String },
    /// Waits for a person to deliver.
    DeliverByHand,
    /// Waits for an account.
    AccountWanted { order: String },
    /// Over, no refund is possible at Alipay.
    Finished,
    /// Closed without payment.
    ClosedUnpaid,
    /// Its time is over, and Alipay knew of no trade.
    Expired { asked_at: Option<BeijingTime> },
    /// Closed after a payment: where the money is, is not known.
    Doubted { order: String, asked_at: Option<BeijingTime> },
    /// Refunded in full.
    Refunded,
    /// A refund was refused or withdrawn.
    RefundClosed,
    /// A person has to decide, whatever the state is.
    InReview { reviews: Vec<i64> },
    /// A status that this version does not know.
    Unknown,
}

impl NextStep {
    /// That of an order.
    pub(crate) fn of(page: &OrderDetails) -> NextStep {
        let step = NextStep::without_reviews(page);
        let open = page.reviews.iter().filter(|review| review_case::is_open(review));
        let reviews: Vec<i64> = open.map(|review| review.id).collect();
        match step {
            // These end their review by themselves, or the answer of the gateway does.
            NextStep::AccountWanted { .. }
            | NextStep::StockWanted { .. }
            | NextStep::Unconfirmed { .. }
            | NextStep::Doubted { .. }
            | NextStep::Pending { .. }
            | NextStep::Unpaid { .. } => step,
            _ if reviews.is_empty() => step,
            _ => NextStep::InReview { reviews },
        }
    }

    fn without_reviews(page: &OrderDetails) -> NextStep {
        let row = &page.order.row;
        let order = row.id.clone();
        let asked_at = page.gateway_query.as_ref().map(|asked| asked.due_at);
        let Some(payment) = payment(row) else { return NextStep::Unknown };
        match payment {
            PaymentState::Pending => NextStep::Pending { asked_at },
            PaymentState::Unpaid => NextStep::Unpaid { order, asked_at },
            PaymentState::ClosedUnpaid => NextStep::ClosedUnpaid,
            PaymentState::InDoubt => NextStep::Doubted { order, asked_at },
            PaymentState::Expired => NextStep::Expired { asked_at },
            PaymentState::Refunded => NextStep::Refunded,
            PaymentState::Paid => match page.undelivered() {
                _ if page.facts.is_late() => NextStep::Late { order },
                Some(Undelivered::AwaitingStock) => {
                    NextStep::StockWanted { product: row.product_id.clone() }
                }
                Some(Undelivered::AwaitingManual) => NextStep::DeliverByHand,
                Some(Undelivered::AwaitingAccount) => NextStep::AccountWanted { order },
                Some(Undelivered::AwaitingConfirmation) => {
                    NextStep::Unconfirmed { order, asked_at }
                }
                Some(_) => NextStep::NotYetDelivered,
                None => match status(row) {
                    Some(OrderStatus::RefundClosed) => NextStep::RefundClosed,
                    Some(OrderStatus::Finished) => NextStep::Finished,
                    _ => NextStep::Paid { order },
                },
            },
        }
    }

    /// In English: one sentence, with the command where there is one.
    pub(crate) fn english(&self) -> String {
        let asked = |at: &Option<BeijingTime>| match at {
            Some(at) => format!("the gateway is asked at {at}"),
            None => "a worker asks the gateway in its turn".to_owned(),
        };
        match self {
            NextStep::Unpaid { order, asked_at } => format!(
                "the buyer pays, or nothing; {}, or now with `ops query {order} --apply`",
                asked(asked_at)
            ),
            NextStep::Pending { asked_at } => {
                format!("make the seller's account able to receive at Alipay; {}", asked(asked_at))
            }
            NextStep::Unconfirmed { order, asked_at } => format!(
                "{}, or now with `ops query {order} --apply`; goods go out when it says paid",
                asked(asked_at)
            ),
            NextStep::Late { order } => format!(
                "the payment is refunded (`ops refund-requests --order {order}`), or a person accepts the payment in the review"
            ),
            NextStep::Paid { order } => {
                format!("nothing to do; a refund is `ops refund {order} --all --reason \"...\"`")
            }
            NextStep::NotYetDelivered => {
                "a worker delivers within seconds; if not, look at the workers with `ops status`"
                    .to_owned()
            }
            NextStep::StockWanted { product } => format!(
                "`ops stock import {product} --file codes.txt`; goods go out within seconds after it"
            ),
            NextStep::DeliverByHand => {
                "deliver it, then decide its review with `delivered`".to_owned()
            }
            NextStep::AccountWanted { order } => format!("`ops order account {order} ACCOUNT`"),
            NextStep::Finished => {
                "nothing to do; Alipay refunds such a trade no more: pay back in another way"
                    .to_owned()
            }
            NextStep::ClosedUnpaid => "nothing to do; the buyer orders again".to_owned(),
            NextStep::Expired { asked_at } => {
                format!("nothing to do; {}, in case the buyer still pays", asked(asked_at))
            }
            NextStep::Doubted { order, asked_at } => format!(
                "{}, or now with `ops query {order} --apply`; when it cannot say, a person decides the review",
                asked(asked_at)
            ),
            NextStep::Refunded => "nothing to do".to_owned(),
            NextStep::RefundClosed => {
                "nothing to do; the goods stay with the buyer, and the money stays here".to_owned()
            }
            NextStep::InReview { reviews } => format!("decide {}", shown(reviews)),
            NextStep::Unknown => {
                "this version does not know the status: use the ops of the version that wrote it"
                    .to_owned()
            }
        }
    }

    /// In Chinese.
    pub(crate) fn chinese(&self) -> String {
        let asked = |at: &Option<BeijingTime>| match at {
            Some(at) => format!("下次查询网关：{at}"),
            None => "worker 会按计划查询网关".to_owned(),
        };
        match self {
            NextStep::Unpaid { order, asked_at } => {
                format!("等待买家付款；{}，也可立即执行 ops query {order} --apply", asked(asked_at))
            }
            NextStep::Pending { asked_at } => {
                format!("请在支付宝开通卖家账号的收款功能；{}", asked(asked_at))
            }
            NextStep::Unconfirmed { order, asked_at } => format!(
                "{}，也可立即执行 ops query {order} --apply；网关确认付款后发货",
                asked(asked_at)
            ),
            NextStep::Late { order } => {
                format!("款项将退回（ops refund-requests --order {order}），或由人工在复核中接受")
            }
            NextStep::Paid { order } => {
                format!("无需处理；退款用 ops refund {order} --all --reason \"...\"")
            }
            NextStep::NotYetDelivered => {
                "worker 几秒内发货；若没有，用 ops status 检查 worker".to_owned()
            }
            NextStep::StockWanted { product } => {
                format!("导入卡密：ops stock import {product} --file codes.txt，导入后几秒内发货")
            }
            NextStep::DeliverByHand => "人工发货，然后在复核中选 delivered".to_owned(),
            NextStep::AccountWanted { order } => {
                format!("补填账号：ops order account {order} ACCOUNT")
            }
            NextStep::Finished => {
                "无需处理；支付宝不再受理此交易的退款，如需退款请走其他渠道".to_owned()
            }
            NextStep::ClosedUnpaid => "无需处理；买家可重新下单".to_owned(),
            NextStep::Expired { asked_at } => {
                format!("无需处理；{}，以防买家仍然付款", asked(asked_at))
            }
            NextStep::Doubted { order, asked_at } => format!(
                "{}，也可立即执行 ops query {order} --apply；网关也说不清时由人工复核",
                asked(asked_at)
            ),
            NextStep::Refunded => "无需处理".to_owned(),
            NextStep::RefundClosed => "无需处理；商品归买家，款项归商户".to_owned(),
            NextStep::InReview { reviews } => format!("人工复核：{}", shown(reviews)),
            NextStep::Unknown => "此版本不认识该状态，请使用写入它的版本的 ops".to_owned(),
        }
    }
}

/// `ops review show 1, ops review show 2`
fn shown(reviews: &[i64]) -> String {
    reviews.iter().map(|id| format!("`ops review show {id}`")).collect::<Vec<_>>().join(", ")
}

/// The commands that end an open review; none of one that has ended.
pub(crate) fn of_review(row: &ReviewRow) -> Option<String> {
    if !review_case::is_open(row) {
        return None;
    }
    let id = row.id;
    let words: Vec<String> =
        review_case::decisions(row).iter().map(|it| it.as_str().to_owned()).collect();
    let first = match review_case::known_reason(row) {
        Some(ReviewReason::NoAccount) => {
            format!("`ops order account {} ACCOUNT`, which ends it, or ", row.order_id)
        }
        Some(ReviewReason::NotAtAlipay) => {
            format!("ask once more with `ops query {} --apply`, then ", row.order_id)
        }
        Some(reason) if reason.is_doubt() => {
            format!("`ops query {} --apply`, whose answer ends it, or ", row.order_id)
        }
        _ => String::new(),
    };
    Some(format!(
        "{first}`ops review decide {id} {} --note \"...\"`; `ops review show {id}` says what each does",
        words.join("|")
    ))
}

/// What to do about a rejected message; `stray` is its trade, where no order has it.
pub(crate) fn of_rejection(word: &str, order: &str, stray: Option<&str>) -> String {
    let look = format!("`ops dlq list --order {order}`");
    let Ok(reason) = word.parse() else { return look_up(&look, word) };
    let back = stray.map(|trade| {
        format!(
            "give the payment back with `ops refund {order} --trade-no {trade} --all --reason \"...\" --dry-run`"
        )
    });
    match (reason, back) {
        (RejectionReason::OrderNotFound, Some(back)) => format!(
            "place the order (`ops order create`, `ops order import`) and replay the letter ({look}), or {back}"
        ),
        (
            RejectionReason::TotalMismatch
            | RejectionReason::MerchantMismatch
            | RejectionReason::SellerMismatch
            | RejectionReason::AppMismatch
            | RejectionReason::TradeOlderThanOrder,
            Some(back),
        ) => format!(
            "if the order is wrong, correct it and replay the letter ({look}; `ops order amend {order}` does both); if the payment is wrong, {back}"
        ),
        (RejectionReason::CurrencyMismatch, _) => {
            "give the payment back on Alipay's page".to_owned()
        }
        (RejectionReason::KillsWorkers, _) => format!(
            "do not replay it; `ops query {order} --apply` delivers by the gateway's answer, then discard the letter"
        ),
        _ => look_up(&look, word),
    }
}

fn look_up(look: &str, word: &str) -> String {
    format!("{look}; docs/troubleshooting.md says what to do under {word}")
}

#[cfg(test)]
mod tests {
    use order::{ReviewReason, ReviewState, VariantArray};
    use store::review::ReviewRow;

    use super::{NextStep, of_rejection, of_review};

    fn steps() -> Vec<NextStep> {
        let order = "A-1".to_owned();
        vec![
            NextStep::Unpaid { order: order.clone(), asked_at: None },
            NextStep::Pending { asked_at: None },
            NextStep::Unconfirmed { order: order.clone(), asked_at: None },
            NextStep::Late { order: order.clone() },
            NextStep::Paid { order: order.clone() },
            NextStep::NotYetDelivered,
            NextStep::StockWanted { product: "gift".to_owned() },
            NextStep::DeliverByHand,
            NextStep::AccountWanted { order: order.clone() },
            NextStep::Finished,
            NextStep::ClosedUnpaid,
            NextStep::Expired { asked_at: None },
            NextStep::Doubted { order, asked_at: None },
            NextStep::Refunded,
            NextStep::RefundClosed,
            NextStep::InReview { reviews: vec![1, 2] },
            NextStep::Unknown,
        ]
    }

    #[test]
    fn every_step_is_told_in_both_languages() {
        for step in steps() {
            let (english, chinese) = (step.english(), step.chinese());
            assert!(english.is_ascii() && english.len() > 9, "{english}");
            assert!(chinese.chars().any(|it| ('\u{4e00}'..'\u{9fff}').contains(&it)), "{chinese}");
        }
    }

    #[test]
    fn every_review_has_its_command() {
        for reason in ReviewReason::VARIANTS {
            let row = ReviewRow {
                id: 7,
                order_id: "A-1".to_owned(),
                reason: reason.to_string(),
                evidence: String::new(),
                state: ReviewState::Open,
                raised_at: store::BeijingTime(chrono::Utc::now()),
                ended_at: None,
                decision: None,
                decided_by: None,
                note: None,
            };
            let step = of_review(&row).unwrap();
            assert!(step.contains("`ops review decide 7 "), "{reason}: {step}");
            assert!(!step.contains("decide 7  "), "{reason} has no decision: {step}");
            assert_eq!(of_review(&ReviewRow { state: ReviewState::Decided, ..row }), None);
        }
    }

    #[test]
    fn a_rejection_says_what_to_do() {
        for reason in ["total_mismatch", "order_not_found", "kills_workers", "bad_signature"] {
            assert!(of_rejection(reason, "A-1", Some("2026")).contains("A-1"), "{reason}");
        }
        let back = of_rejection("total_mismatch", "A-1", Some("2026"));
        assert!(back.contains("ops refund A-1 --trade-no 2026 --all"), "{back}");
        // Of a trade that the order has: it is the order's payment.
        let own = of_rejection("total_mismatch", "A-1", None);
        assert!(!own.contains("ops refund"), "{own}");
    }
}

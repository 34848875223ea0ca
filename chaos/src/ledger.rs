//! Alipay's own ledger against the orders: what expired is closed there, late money is where the
//! merchant wants it, and what Alipay gave back is what the shop knows of.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use order::OrderStatus;
use simulator::{AlipayTrade, Status, TradeStore};

use crate::database::{CheckDatabase, Standing};
use crate::say;
use crate::story::{Story, StoryKind};
use crate::system::{ChaosSystem, REFUNDS_LATE};
use crate::verdict::ChaosVerdict;

/// The trades of Alipay's that can be asked about, by order: no story has two.
pub(crate) struct Ledger(BTreeMap<String, AlipayTrade>);

/// The outcome of an order whose time is over, for the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OrderEnding {
    NoTrade,
    Closed,
    PaidInTime,
    LateDelivered,
    LateRefunded,
}

impl OrderEnding {
    const ALL: [(OrderEnding, &str); 5] = [
        (OrderEnding::NoTrade, "without a trade"),
        (OrderEnding::Closed, "closed at Alipay"),
        (OrderEnding::PaidInTime, "paid in time"),
        (OrderEnding::LateDelivered, "paid late and delivered"),
        (OrderEnding::LateRefunded, "paid late and refunded"),
    ];

    fn of(
        story: &Story,
        trade: Option<&AlipayTrade>,
        expires_at: Option<NaiveDateTime>,
    ) -> OrderEnding {
        let Some(trade) = trade else { return OrderEnding::NoTrade };
        match (trade.gmt_payment, story.gateway) {
            (None, _) => OrderEnding::Closed,
            (Some(at), _) if !is_late(at, expires_at) => OrderEnding::PaidInTime,
            (Some(_), REFUNDS_LATE) => OrderEnding::LateRefunded,
            (Some(_), _) => OrderEnding::LateDelivered,
        }
    }

    /// The `status` that the order must have.
    fn status(self) -> i16 {
        match self {
            OrderEnding::NoTrade | OrderEnding::Closed => 32,
            OrderEnding::PaidInTime | OrderEnding::LateDelivered => 8,
            OrderEnding::LateRefunded => 105,
        }
    }
}

/// Alipay tells the time of a payment in whole seconds.
fn is_late(paid_at: DateTime<Utc>, expires_at: Option<NaiveDateTime>) -> bool {
    expires_at.is_some_and(|expires_at| paid_at.trunc_subsecs(0).naive_utc() > expires_at)
}

impl Ledger {
    pub(crate) fn read(trade_store: &TradeStore) -> anyhow::Result<Ledger> {
        let trades = trade_store.read(|trades| {
            let orders = trades.merchants.values().flatten();
            let trades = orders.filter_map(|(order, kept)| Some((order, kept.last()?)));
            trades.map(|(order, kept)| (order.clone(), kept.trade.clone())).collect()
        });
        Ok(Ledger(trades?))
    }

    fn ending(&self, story: &Story, standing: &Standing) -> OrderEnding {
        OrderEnding::of(story, self.0.get(&story.id), standing.expires_at)
    }

    /// In what the order and Alipay's ledger are not as they must be, in words; empty when all is well.
    pub(crate) fn differences(
        &self,
        story: &Story,
        standings: &BTreeMap<String, Standing>,
    ) -> Vec<String> {
        let Some(standing) = standings.get(&story.id) else { return vec!["no order".to_owned()] };
        let ending = self.ending(story, standing);
        let mut all = Vec::new();
        let mut compare = |name: &str, is: i64, should: i64| {
            if is != should {
                all.push(format!("{name} is {is}, not {should}"));
            }
        };
        let status = if story.kind.expires() { ending.status() } else { story.kind.status() };
        compare("status", standing.status.into(), status.into());
        if let Some(trade) = self.0.get(&story.id) {
            compare("refunded_fee", standing.refunded_fee, trade.refunded().get());
            let refunds = match story.kind {
                StoryKind::RefundedInPart | StoryKind::RefundedByUs | StoryKind::Refunded => 1,
                StoryKind::RefundedInTwoParts => 2,
                _ => i64::from(ending == OrderEnding::LateRefunded && story.kind.expires()),
            };
            let there_are = i64::try_from(trade.refunds.len()).unwrap_or(i64::MAX);
            compare("refunds at Alipay", there_are, refunds);
            if status == OrderStatus::Refunded.code() {
                compare("fen left at Alipay", trade.refundable().get(), 0);
            }
            if trade.status == Status::WaitBuyerPay {
                all.push("its trade can still be paid".to_owned());
            }
        }
        all
    }
}

/// At rest: every order that Alipay's gateway has a part in, and their outcome.
pub(crate) fn check(
    system: &ChaosSystem,
    stories: &[Story],
    verdict: &mut ChaosVerdict,
) -> anyhow::Result<()> {
    let ledger = Ledger::read(&system.gateway.trade_store())?;
    let standings = CheckDatabase::open(&system.database_url)?.standings()?;
    let (mut endings, mut by_us) = (BTreeMap::new(), 0);
    for story in stories.iter().filter(|story| story.needs_gateway()) {
        let differences = ledger.differences(story, &standings);
        if !differences.is_empty() {
            let (id, kind) = (&story.id, story.kind);
            verdict.add("ledger", format!("{id} ({kind:?}): {}", differences.join("; ")));
        }
        if let Some(standing) = standings.get(&story.id).filter(|_| story.kind.expires()) {
            *endings.entry(ledger.ending(story, standing)).or_insert(0) += 1;
        }
        by_us += usize::from(story.kind == StoryKind::RefundedByUs);
    }
    if !endings.is_empty() {
        let count = |ending| endings.get(&ending).copied().unwrap_or(0);
        let words = OrderEnding::ALL.map(|(ending, what)| format!("{} {what}", count(ending)));
        let all: usize = endings.values().sum();
        say(&format!("· {all} orders had a time that ended: {}", words.join(", ")));
        say(&format!(
            "· {by_us} orders were refunded in part by ops refund, without a notification"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta, Utc};
    use simulator::AlipayTrade;

    use super::Ledger;
    use crate::database::Standing;
    use crate::story::{Story, StoryKind};

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-11-23T12:00:00.7Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    fn story(gateway: usize) -> Story {
        let mut story = Story::draw(1, 0, true);
        (story.kind, story.gateway, story.quantity) = (StoryKind::PaidLate, gateway, 1);
        story
    }

    /// What is wrong with an order whose time ends at 0, of the merchant at the legacy gateway (0) or
    /// of the other one, who refunds late money (1).
    fn differences(
        gateway: usize,
        status: i16,
        refunded_fee: i64,
        happened: impl FnOnce(&mut AlipayTrade),
    ) -> Vec<String> {
        let story = story(gateway);
        let merchant = simulator::MerchantIdentity::openapi("2021", "2088");
        let mut trade = AlipayTrade::open(&merchant, &story.id, story.total(), at(-5));
        happened(&mut trade);
        let ledger = Ledger(BTreeMap::from([(story.id.clone(), trade)]));
        let standing = Standing {
            id: story.id.clone(),
            status,
            refunded_fee,
            expires_at: Some(at(0).naive_utc()),
        };
        ledger.differences(&story, &BTreeMap::from([(story.id.clone(), standing)]))
    }

    fn paid(seconds: i64) -> impl FnOnce(&mut AlipayTrade) {
        move |trade| drop(trade.pay(at(seconds)).unwrap())
    }

    #[test]
    fn late_money_goes_back_or_buys_goods() {
        let total = story(1).total();
        let refunded = |trade: &mut AlipayTrade| {
            paid(2)(trade);
            trade.refund(trade.refundable(), None, at(3)).unwrap();
        };
        assert_eq!(differences(1, 105, total.get(), refunded), [""; 0]);
        let kept = differences(1, 8, 0, paid(2));
        assert!(kept.iter().any(|what| what == "status is 8, not 105"), "{kept:?}");
        let not_back = differences(1, 105, total.get(), paid(2));
        assert!(
            not_back.iter().any(|what| what == "refunds at Alipay is 0, not 1"),
            "{not_back:?}"
        );
        assert_eq!(differences(0, 8, 0, paid(2)), [""; 0]);
        assert_eq!(differences(0, 105, 0, paid(2)), ["status is 105, not 8"]);
    }

    #[test]
    fn the_second_in_which_the_time_ends_is_in_time() {
        // 12:00:00 is told of it, and the time ends at 12:00:00.7.
        assert_eq!(differences(1, 8, 0, paid(0)), [""; 0]);
    }

    #[test]
    fn what_nobody_pays_is_closed_at_alipay() {
        let closed = |trade: &mut AlipayTrade| drop(trade.close(at(1)).unwrap());
        assert_eq!(differences(1, 32, 0, closed), [""; 0]);
        assert_eq!(differences(1, 32, 0, |_| ()), ["its trade can still be paid"]);
        assert_eq!(differences(1, 0, 0, closed), ["status is 0, not 32"]);
    }
}

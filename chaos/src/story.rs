//! What happens to one order: drawn from the seed, signed when its time comes.

use std::time::Duration;

use alipay::Fen;
use chrono::{TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use simulator::{AlipayTrade, SignedNotification, UnsignedNotification};

use crate::system::SimulatedMerchant;

/// What every unit costs: 10.00 yuan.
pub(crate) const PRICE: i64 = 1000;
/// A partial refund: 3.00 yuan.
pub(crate) const PART: i64 = 300;

/// What Alipay reports about the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoryKind {
    Paid,
    WaitedThenPaid,
    Refunded,
    RefundedInPart,
    RefundedInTwoParts,
    Closed,
    Finished,
    /// Only forged notifications come.
    Forged,
    /// A genuine notification over 0.01 yuan, which is no payment of this order.
    WrongAmount,
    /// Its time ends before anybody opened a page: Alipay has no trade.
    ExpiredUnseen,
    /// Its time ends while its trade waits at Alipay.
    ExpiredWaiting,
    /// A page was left open: its trade is made after the order's time, and waits.
    OpenedTooLate,
    /// So, and the buyer pays there.
    PaidLate,
    /// The buyer pays when its time is about over: before or after it, and before or after the
    /// trade is closed at Alipay. What Alipay's ledger says then counts.
    PaidAtTheEnd,
    /// A part goes back by `ops refund`, of which no notification arrives.
    RefundedByUs,
}

impl StoryKind {
    const ALL: [(StoryKind, u32); 15] = [
        (StoryKind::Paid, 14),
        (StoryKind::WaitedThenPaid, 10),
        (StoryKind::Refunded, 14),
        (StoryKind::RefundedInPart, 10),
        (StoryKind::RefundedInTwoParts, 8),
        (StoryKind::Closed, 6),
        (StoryKind::Finished, 6),
        (StoryKind::Forged, 6),
        (StoryKind::WrongAmount, 4),
        (StoryKind::ExpiredUnseen, 3),
        (StoryKind::ExpiredWaiting, 4),
        (StoryKind::OpenedTooLate, 3),
        (StoryKind::PaidLate, 5),
        (StoryKind::PaidAtTheEnd, 4),
        (StoryKind::RefundedByUs, 3),
    ];

    /// The order has a time that ends.
    pub(crate) fn expires(self) -> bool {
        matches!(
            self,
            StoryKind::ExpiredUnseen
                | StoryKind::ExpiredWaiting
                | StoryKind::OpenedTooLate
                | StoryKind::PaidLate
                | StoryKind::PaidAtTheEnd
        )
    }

    /// The `status` that the order must end with. Of an order with a time that ends, what it must
    /// end with while nobody pays: see [`ledger`](crate::ledger).
    pub(crate) fn status(self) -> i16 {
        match self {
            StoryKind::Paid
            | StoryKind::WaitedThenPaid
            | StoryKind::RefundedInPart
            | StoryKind::RefundedByUs => 8,
            StoryKind::Refunded | StoryKind::RefundedInTwoParts => 105,
            StoryKind::Closed
            | StoryKind::ExpiredUnseen
            | StoryKind::ExpiredWaiting
            | StoryKind::OpenedTooLate
            | StoryKind::PaidLate
            | StoryKind::PaidAtTheEnd => 32,
            StoryKind::Finished => 4,
            StoryKind::Forged | StoryKind::WrongAmount => 0,
        }
    }
}

/// One order.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) id: String,
    pub(crate) kind: StoryKind,
    /// Which of the two merchants: 0 at the legacy gateway, 1 on the Open Platform.
    pub(crate) gateway: usize,
    pub(crate) product: &'static str,
    pub(crate) quantity: i32,
    /// The shop commits the order so long after Alipay's first word.
    pub(crate) late: Option<Duration>,
    /// Every notification about it is lost on the way: only Alipay's gateway can tell of it.
    pub(crate) lost: bool,
    /// When its time is over.
    pub(crate) expires: Option<Expires>,
    seed: u64,
}

/// The end of an order's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expires {
    /// So long after the beginning of the story, or before it.
    pub(crate) after: TimeDelta,
    /// The buyer of [`StoryKind::PaidAtTheEnd`] pays so long after the beginning.
    pub(crate) pays: Duration,
}

impl Expires {
    /// In milliseconds: a payment tells its time in whole seconds, so one that is late is so by more.
    fn draw(kind: StoryKind, rng: &mut StdRng) -> Option<Expires> {
        let after = match kind {
            StoryKind::ExpiredUnseen => rng.random_range(-4_000..4_000),
            StoryKind::ExpiredWaiting => rng.random_range(500..4_000),
            StoryKind::OpenedTooLate | StoryKind::PaidLate => rng.random_range(-4_000..-2_000),
            StoryKind::PaidAtTheEnd => rng.random_range(1_000..4_000),
            _ => return None,
        };
        let pays = u64::try_from(after + rng.random_range(-800..2_500)).unwrap_or(0);
        let after = TimeDelta::milliseconds(after);
        Some(Expires { after, pays: Duration::from_millis(pays) })
    }
}

/// One notification on its way.
#[derive(Debug, Clone)]
pub(crate) struct PlannedNotification {
    pub(crate) notification: SignedNotification,
    /// How long after the beginning of the story it is sent first.
    pub(crate) after: Duration,
    /// Not signed by Alipay: must never be answered `success`.
    pub(crate) forged: bool,
    /// A further delivery of the same notification.
    pub(crate) duplicate: bool,
}

impl Story {
    /// Draws the story of an order. `unlucky` orders may be committed after Alipay's first word, or
    /// lose every notification; only where the gateway is asked do orders expire.
    pub(crate) fn draw(seed: u64, index: usize, unlucky: bool) -> Story {
        // Neighbouring orders draw from seeds that are far apart.
        let seed = seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut rng = StdRng::seed_from_u64(seed);
        let mut left = rng.random_range(0..100);
        let mut kind = StoryKind::Paid;
        for (candidate, weight) in StoryKind::ALL {
            if left < weight {
                kind = candidate;
                break;
            }
            left -= weight;
        }
        if !unlucky && (kind.expires() || kind == StoryKind::RefundedByUs) {
            kind = StoryKind::Paid;
        }
        // A program can refund on the Open Platform alone.
        let gateway = if kind == StoryKind::RefundedByUs { 1 } else { rng.random_range(0..2) };
        // An order that is committed after its time is over is looked for an hour later: only the
        // notification of its payment reports it sooner.
        let expires_unheard = kind.expires() && kind != StoryKind::PaidLate;
        let late = rng.random_bool(0.06) && kind != StoryKind::Forged && !expires_unheard;
        let can_be_lost = match kind {
            StoryKind::Paid
            | StoryKind::WaitedThenPaid
            | StoryKind::Closed
            | StoryKind::Finished => true,
            StoryKind::ExpiredWaiting | StoryKind::PaidAtTheEnd => true,
            // The Open Platform's answer does not tell of refunds.
            StoryKind::Refunded | StoryKind::RefundedInPart | StoryKind::RefundedInTwoParts => {
                gateway == 0
            }
            _ => false,
        };
        let lost = rng.random_bool(0.06) && can_be_lost && !late;
        Story {
            id: format!("C-{index:06}"),
            kind,
            gateway,
            expires: Expires::draw(kind, &mut rng),
            product: if rng.random_bool(0.8) { "CODE" } else { "VIP" },
            quantity: rng.random_range(1..=3),
            late: (late && unlucky).then(|| Duration::from_millis(rng.random_range(100..6_000))),
            lost: lost && unlucky,
            seed: rng.random(),
        }
    }

    /// Alipay's gateway knows its trade.
    pub(crate) fn is_in_ledger(&self) -> bool {
        let has_trade = self.kind.expires() && self.kind != StoryKind::ExpiredUnseen;
        self.lost || has_trade || self.kind == StoryKind::RefundedByUs
    }

    /// The gateway reports what notifications do not.
    pub(crate) fn needs_gateway(&self) -> bool {
        self.is_in_ledger() || self.kind.expires()
    }

    /// The order's amount, fen.
    pub(crate) fn total(&self) -> Fen {
        Fen::new(PRICE * i64::from(self.quantity))
    }

    /// Everything that is sent about the order, signed, and the trade that it is about.
    pub(crate) fn letters(
        &self,
        gateway: &SimulatedMerchant,
    ) -> anyhow::Result<(Vec<PlannedNotification>, AlipayTrade)> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&gateway.merchant, &self.id, self.total(), now);
        let mut said = self.said(&mut trade)?;
        if self.lost {
            said.clear();
        }
        let at_once = rng.random_bool(0.3);
        if at_once {
            said.shuffle(&mut rng);
        }
        let milliseconds =
            |rng: &mut StdRng, from, to| Duration::from_millis(rng.random_range(from..to));
        let (mut letters, mut after) = (Vec::new(), Duration::ZERO);
        for notification in said {
            let notification = notification.sign(&gateway.signer)?;
            let letter =
                PlannedNotification { notification, after, forged: false, duplicate: false };
            if rng.random_bool(0.2) {
                letters.push(PlannedNotification { duplicate: true, ..letter.clone() });
            }
            if rng.random_bool(0.1) {
                let after = after + milliseconds(&mut rng, 500, 5_000);
                letters.push(PlannedNotification { duplicate: true, after, ..letter.clone() });
            }
            letters.push(letter);
            after += if at_once { Duration::ZERO } else { milliseconds(&mut rng, 0, 800) };
        }
        if self.kind == StoryKind::Forged || rng.random_bool(0.15) {
            let notification = self
                .forgery(&trade, gateway)?
                .sign(&gateway.signer)?
                .with_spoiled_signature(rng.random_range(0..10_000))?;
            let after = milliseconds(&mut rng, 0, 2_000);
            letters.push(PlannedNotification {
                notification,
                after,
                forged: true,
                duplicate: false,
            });
        }
        Ok((letters, trade))
    }

    /// Alipay's words, in the order of the events.
    fn said(&self, trade: &mut AlipayTrade) -> anyhow::Result<Vec<UnsignedNotification>> {
        let (now, total) = (Utc::now(), self.total());
        let later = now + TimeDelta::seconds(2);
        let part = Fen::new(PART);
        let mut said = Vec::new();
        match self.kind {
            StoryKind::Paid => said.push(trade.pay(now)?),
            StoryKind::WaitedThenPaid => said.extend([trade.wait(now)?, trade.pay(now)?]),
            StoryKind::Refunded => {
                said.push(trade.pay(now)?);
                said.extend(trade.refund(total, None, later)?);
            }
            StoryKind::RefundedInPart => {
                said.push(trade.pay(now)?);
                said.extend(trade.refund(part, None, later)?);
            }
            StoryKind::RefundedInTwoParts => {
                said.push(trade.pay(now)?);
                said.extend(trade.refund(part, None, now)?);
                said.extend(trade.refund(trade.refundable(), None, later)?);
            }
            StoryKind::Closed => said.extend([trade.wait(now)?, trade.close(now)?]),
            StoryKind::Finished => said.extend([trade.pay(now)?, trade.finish(later)?]),
            StoryKind::Forged => {}
            StoryKind::WrongAmount => said.push(trade.pay(now)?.wrong_amount(Fen::new(1))),
            StoryKind::ExpiredUnseen => {}
            StoryKind::ExpiredWaiting | StoryKind::OpenedTooLate | StoryKind::PaidAtTheEnd => {
                said.push(trade.wait(now)?);
            }
            StoryKind::PaidLate | StoryKind::RefundedByUs => said.push(trade.pay(now)?),
        }
        Ok(said)
    }

    /// A forged notification: a refund of what was paid, or a payment.
    fn forgery(
        &self,
        trade: &AlipayTrade,
        gateway: &SimulatedMerchant,
    ) -> anyhow::Result<UnsignedNotification> {
        if let Ok(refund) = trade.clone().refund(trade.refundable(), None, Utc::now()) {
            return Ok(refund.sync);
        }
        Ok(AlipayTrade::open(&gateway.merchant, &self.id, self.total(), Utc::now())
            .pay(Utc::now())?)
    }
}

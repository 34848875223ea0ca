//! What can happen to a trade, as the notifications that Alipay sends of it.

use std::collections::BTreeSet;

use alipay::{
    BatchRefundItem, BatchRefundNotify, Fen, RefundStatus, TradeStatus, TradeStatusSync,
    parse_beijing,
};
use chrono::{DateTime, Utc};
use order::{Identity, OrderState, OrderTerms, Review};

/// One notification, or the gateway's answer to a query.
pub enum Said {
    Trade(Box<TradeStatusSync>),
    Batch(BatchRefundNotify),
    Answer(Box<TradeStatusSync>),
}

/// A story with what must be true at its end.
pub struct Story {
    pub name: &'static str,
    pub notifications: Vec<Said>,
    status: i16,
    net_goods: Option<u32>,
    reviews: &'static [&'static str],
    refunded: i64,
    pub goods_may_differ: bool,
}

impl Story {
    pub fn check(&self, state: &OrderState, net_goods: u32, reviews: &BTreeSet<Review>) {
        assert_eq!(state.status.code(), self.status, "{}: status", self.name);
        assert_eq!(state.refunded_fee.get(), self.refunded, "{}: refunded_fee", self.name);
        let reasons: Vec<&str> = reviews.iter().map(|review| review.reason).collect();
        assert_eq!(reasons, self.reviews, "{}: reviews", self.name);
        if let Some(expected) = self.net_goods {
            assert_eq!(net_goods, expected, "{}: goods", self.name);
        }
    }
}

pub fn order_terms() -> OrderTerms {
    OrderTerms {
        id: "R1".into(),
        merchant: "shop".into(),
        total_fee: Fen::new(1000),
        created_at: at("2026-01-05 10:00:00"),
    }
}

pub fn identity() -> Identity {
    Identity {
        merchant: "shop".into(),
        seller_id: Some("2088000000000001".into()),
        app_id: Some("2021000000000001".into()),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    parse_beijing(text).expect("a time")
}

/// A trade_status_sync of `trade_no` with nothing but a status.
fn sync(trade_no: &str, status: TradeStatus) -> TradeStatusSync {
    TradeStatusSync {
        out_trade_no: "R1".into(),
        trade_no: trade_no.into(),
        trade_status: status,
        refund_status: None,
        total: Fen::new(1000),
        refund_fee: None,
        request_no: None,
        currency: None,
        gmt_create: Some(at("2026-01-05 10:00:01")),
        gmt_payment: None,
        gmt_refund: None,
        gmt_close: None,
        notify_time: Some(at("2026-01-05 10:00:02")),
        app_id: Some("2021000000000001".into()),
        seller_id: Some("2088000000000001".into()),
        seller_email: None,
        buyer_id: Some("2088000000000002".into()),
        buyer_email: Some("buyer@example.com".into()),
        seller_actions: None,
        buyer_actions: None,
        receive_name: None,
        receive_address: None,
        receive_zip: None,
        receive_phone: None,
        receive_mobile: None,
    }
}

fn told(status: TradeStatus, change: impl FnOnce(&mut TradeStatusSync)) -> Said {
    told_of("T1", status, change)
}

fn told_of(trade_no: &str, status: TradeStatus, change: impl FnOnce(&mut TradeStatusSync)) -> Said {
    let mut notification = sync(trade_no, status);
    change(&mut notification);
    Said::Trade(Box::new(notification))
}

fn waits() -> Said {
    told(TradeStatus::WaitBuyerPay, |_| {})
}

fn pays() -> Said {
    told(TradeStatus::TradeSuccess, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00")))
}

fn refunds(running: i64, request: &str, time: &str) -> Said {
    let status = if running >= 1000 { TradeStatus::TradeClosed } else { TradeStatus::TradeSuccess };
    told(status, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.refund_fee = Some(Fen::new(running));
        n.gmt_refund = Some(at(time));
        n.request_no = Some(request.into());
        n.notify_time = Some(at(time));
        if running >= 1000 {
            n.gmt_close = Some(at(time));
        }
    })
}

fn finishes() -> Said {
    told(TradeStatus::TradeFinished, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.gmt_close = Some(at("2026-04-05 10:01:00"));
        n.refund_fee = Some(Fen::new(0));
        n.notify_time = Some(at("2026-04-05 10:01:01"));
    })
}

fn closes_unpaid() -> Said {
    told(TradeStatus::TradeClosed, |n| {
        n.refund_fee = Some(Fen::new(0));
        n.gmt_close = Some(at("2026-01-05 10:30:00"));
    })
}

fn legacy_refund(status: TradeStatus) -> Said {
    told(status, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.refund_status = Some(RefundStatus::Success);
        n.gmt_refund = Some(at("2026-01-06 09:00:00.123"));
    })
}

fn batch(batch_no: &str, amount: i64, result: &str) -> Said {
    Said::Batch(BatchRefundNotify {
        batch_no: batch_no.into(),
        notify_time: Some(at("2026-01-06 09:00:01")),
        items: vec![BatchRefundItem {
            trade_no: "T1".into(),
            amount: Fen::new(amount),
            result: result.into(),
            bank: None,
            fee: None,
        }],
    })
}

/// What the gateway answers at `time`.
fn answers(time: &str, status: TradeStatus, change: impl FnOnce(&mut TradeStatusSync)) -> Said {
    let mut answer = sync("T1", status);
    answer.notify_time = Some(at(time));
    // An answer of the Open Platform names neither.
    answer.app_id = None;
    answer.seller_id = None;
    change(&mut answer);
    Said::Answer(Box::new(answer))
}

fn answers_paid(time: &str) -> Said {
    answers(time, TradeStatus::TradeSuccess, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00")))
}

/// Closed after a payment: the money went back.
fn answers_closed(time: &str) -> Said {
    answers(time, TradeStatus::TradeClosed, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00")))
}

/// Closed after a payment, at noon, without a word about the money.
fn closes_paid() -> Said {
    told(TradeStatus::TradeClosed, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.gmt_close = Some(at("2026-01-05 12:00:00"));
    })
}

fn story(name: &'static str, notifications: Vec<Said>, status: i16) -> Story {
    Story {
        name,
        notifications,
        status,
        net_goods: Some(0),
        reviews: &[],
        refunded: 0,
        goods_may_differ: false,
    }
}

/// All stories.
pub fn all() -> Vec<Story> {
    [told_stories(), asked_stories()].into_iter().flatten().collect()
}

/// Stories in which the gateway was asked.
fn asked_stories() -> Vec<Story> {
    use TradeStatus::{TradeClosed, TradeFinished, TradeSuccess};
    vec![
        Story {
            net_goods: Some(1),
            ..story(
                "asked: pays, and the notification is lost",
                vec![
                    waits(),
                    answers("2026-01-05 10:00:30", TradeStatus::WaitBuyerPay, |_| {}),
                    answers_paid("2026-01-05 10:20:00"),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked: pays, is told and answered, finishes",
                vec![
                    waits(),
                    pays(),
                    answers_paid("2026-01-05 10:20:00"),
                    finishes(),
                    answers("2026-04-06 10:00:00", TradeFinished, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                    }),
                ],
                4,
            )
        },
        story(
            "asked: never pays",
            vec![waits(), answers("2026-01-05 10:40:00", TradeClosed, |_| {}), closes_unpaid()],
            32,
        ),
        Story {
            refunded: 1000,
            ..story(
                "asked: is refunded, and the notification is lost",
                vec![
                    waits(),
                    pays(),
                    answers_paid("2026-01-05 10:20:00"),
                    answers_closed("2026-01-07 10:00:00"),
                ],
                105,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "asked: is refunded, told and answered",
                vec![
                    pays(),
                    refunds(400, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(1000, "Q2", "2026-01-06 10:00:00.1"),
                    answers_closed("2026-01-07 10:00:00"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked after the close: the money is there",
                vec![waits(), pays(), closes_paid(), answers_paid("2026-01-05 13:00:00")],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked after the close: charged late, the money is there",
                vec![waits(), closes_unpaid(), pays(), answers_paid("2026-01-05 13:00:00")],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story(
                "asked before the close: what was said then counts no more",
                vec![waits(), pays(), answers_paid("2026-01-05 11:00:00"), closes_paid()],
                32,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "asked before the close and after it: the money went back",
                vec![
                    pays(),
                    answers_paid("2026-01-05 11:00:00"),
                    closes_paid(),
                    answers_closed("2026-01-05 13:00:00"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 300,
            reviews: &["partial_refund"],
            ..story(
                "asked, legacy: is refunded in part, told without an amount",
                vec![
                    pays(),
                    legacy_refund(TradeSuccess),
                    answers("2026-01-07 10:00:00", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                        n.refund_fee = Some(Fen::new(300));
                        n.refund_status = Some(RefundStatus::Success);
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            refunded: 300,
            reviews: &["closed_after_payment", "partial_refund"],
            goods_may_differ: true,
            ..story(
                "asked, legacy: closed with a part of the money given back",
                vec![
                    waits(),
                    pays(),
                    answers("2026-01-07 10:00:00", TradeClosed, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                        n.gmt_close = Some(at("2026-01-05 12:00:00"));
                        n.refund_fee = Some(Fen::new(300));
                    }),
                ],
                32,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story(
                "asked, legacy: closed after payment with nothing given back",
                vec![
                    waits(),
                    pays(),
                    answers("2026-01-07 10:00:00", TradeClosed, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                        n.refund_fee = Some(Fen::new(0));
                    }),
                ],
                32,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked: leaves one trade unpaid, and the payment of another is lost",
                vec![
                    waits(),
                    closes_unpaid(),
                    answers("2026-01-05 11:30:00", TradeSuccess, |n| {
                        n.trade_no = "T2".into();
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "asked: pays two trades, one of them told, one answered, the first refunded",
                vec![
                    pays(),
                    answers("2026-01-05 11:30:00", TradeSuccess, |n| {
                        n.trade_no = "T2".into();
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                    answers_closed("2026-01-05 12:00:00"),
                ],
                8,
            )
        },
    ]
}

/// Stories in which Alipay tells all of it.
fn told_stories() -> Vec<Story> {
    use TradeStatus::{TradeClosed, TradeFinished, TradePending, TradeSuccess};
    vec![
        Story { net_goods: Some(1), ..story("pays", vec![waits(), pays()], 8) },
        Story {
            net_goods: Some(1),
            ..story(
                "pays while the seller cannot receive",
                vec![waits(), told(TradePending, |_| {}), pays()],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "pays, is refunded in part, then in full",
                vec![
                    waits(),
                    pays(),
                    refunds(300, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(700, "Q2", "2026-01-07 09:00:00.2"),
                    refunds(1000, "Q3", "2026-01-08 09:00:00.3"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 700,
            reviews: &["partial_refund"],
            ..story(
                "pays and is refunded in part twice",
                vec![
                    waits(),
                    pays(),
                    refunds(300, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(700, "Q2", "2026-01-07 09:00:00.2"),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story("pays and finishes", vec![waits(), pays(), finishes()], 4)
        },
        Story {
            net_goods: Some(1),
            ..story("has an account that finishes at once", vec![finishes()], 4)
        },
        Story {
            net_goods: Some(1),
            ..story(
                "pays, finishes, has a refund refused",
                vec![
                    waits(),
                    pays(),
                    finishes(),
                    told(TradeFinished, |n| n.refund_status = Some(RefundStatus::Closed)),
                ],
                106,
            )
        },
        story("never pays", vec![waits(), closes_unpaid()], 32),
        Story {
            net_goods: Some(1),
            ..story(
                "leaves one trade unpaid and pays another",
                vec![
                    waits(),
                    closes_unpaid(),
                    told_of("T2", TradeStatus::WaitBuyerPay, |_| {}),
                    told_of("T2", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story("is charged late after a close", vec![waits(), closes_unpaid(), pays()], 32)
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story(
                "is closed after payment without a word about the money",
                vec![
                    waits(),
                    pays(),
                    told(TradeClosed, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00"))),
                ],
                32,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "is refunded before the payment's notification arrives",
                vec![waits(), refunds(1000, "Q1", "2026-01-06 09:00:00.5"), pays()],
                105,
            )
        },
        Story {
            net_goods: None,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "pays two trades",
                vec![
                    pays(),
                    told_of("T2", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "pays two trades and has the first refunded",
                vec![
                    pays(),
                    told_of("T2", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                    refunds(1000, "Q1", "2026-01-06 09:00:00.5"),
                ],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "legacy: is refunded in full, told twice, by sync and by batch",
                vec![waits(), pays(), legacy_refund(TradeClosed), batch("B1", 1000, "SUCCESS")],
                105,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "legacy: two batches reach the total, a third one failed",
                vec![
                    pays(),
                    batch("B1", 400, "SUCCESS"),
                    batch("B2", 600, "SUCCESS"),
                    batch("B3", 100, "TRADE_HAS_CLOSED"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 400,
            reviews: &["partial_refund"],
            ..story(
                "legacy: is refunded in part, told twice",
                vec![waits(), pays(), legacy_refund(TradeSuccess), batch("B1", 400, "SUCCESS")],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "legacy: is refunded in part, then in full, each told twice",
                vec![
                    pays(),
                    legacy_refund(TradeSuccess),
                    batch("B1", 400, "SUCCESS"),
                    legacy_refund(TradeClosed),
                    batch("B2", 600, "SUCCESS"),
                ],
                105,
            )
        },
        Story {
            refunded: 1000,
            reviews: &["refund_above_total"],
            ..story(
                "legacy: batches give back more than was paid",
                vec![pays(), batch("B1", 700, "SUCCESS"), batch("B2", 700, "SUCCESS")],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "pays and Alipay says a word we do not know",
                vec![pays(), told(TradeStatus::Unknown("TRADE_DREAMING".into()), |_| {})],
                8,
            )
        },
    ]
}

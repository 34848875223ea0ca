//! `refund/upsert.sql` merges the rows of one refund as [`Refund::merge`] does, whichever comes first.

#![allow(clippy::expect_used, reason = "a test")]

use alipay::Fen;
use chrono::{DateTime, TimeDelta, Utc};
use order::Refund;
use store::refund::{self, MerchantTrade};
use store::{Pool, migrate};
use testkit::Sandbox;

/// What may be known of one refund: results, amounts and times, of each also that it is not known.
fn reports() -> Vec<Refund> {
    let first: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let mut reports = Vec::new();
    for result in [None, Some("SELLER_BALANCE"), Some("TRADE_STATUS"), Some("SUCCESS")] {
        for number in [None, Some(1), Some(2)] {
            let amount = number.map(Fen::new);
            let gmt_refund = number.map(|days| first - TimeDelta::days(days));
            reports.push(Refund {
                trade_no: "T".to_owned(),
                refund_key: "R".to_owned(),
                request_no: "R".to_owned(),
                running_total: amount,
                amount,
                result: result.map(str::to_owned),
                gmt_refund,
            });
        }
    }
    reports
}

#[test]
fn the_row_of_a_refund_grows_as_refunds_merge() {
    let sandbox = Sandbox::database_only();
    let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    migrate::run(&mut connection, drop).expect("the schema");
    let reports = reports();
    for (first, one) in reports.iter().enumerate() {
        for (second, other) in reports.iter().enumerate() {
            // A row for each pair.
            let merchant = format!("{first}-{second}");
            for report in [one, other] {
                refund::upsert(&mut connection, &[(&merchant, report)]).expect("a row");
            }
            let trade = MerchantTrade { merchant: &merchant, trade_no: "T" };
            let rows = refund::of_trades(&mut connection, &[trade]).expect("the row");
            let mut merged = one.clone();
            merged.merge(other);
            assert_eq!(rows, [(merchant, merged)], "{one:?} and then {other:?}");
        }
    }
}

//! Findings about goods and money that wait.

use super::*;

#[test]
fn goods_and_money_that_wait() {
    assert_eq!(found(|it| it.awaiting_stock = waits(1, minutes(0))), ["soon no_stock"]);
    assert_eq!(found(|it| it.awaiting_account = waits(1, minutes(0))), ["soon waits_for_account"]);
    let by_hand = |time| found(|it| it.awaiting_manual = waits(2, time));
    assert_eq!(by_hand(minutes(60)), ["to do waits_for_delivery_by_hand"]);
    assert_eq!(by_hand(TimeDelta::hours(25)), ["soon waits_for_delivery_by_hand"]);
    let reviews = |time| found(|it| it.open_reviews = waits(2, time));
    assert_eq!(reviews(TimeDelta::days(2)), ["to do reviews_open"]);
    assert_eq!(reviews(TimeDelta::days(4)), ["soon reviews_open"]);
    let refunds = |time| found(|it| it.refunds_unknown = waits(1, time));
    assert_eq!(
        (refunds(minutes(1)), refunds(minutes(16))),
        (vec![], vec!["soon refund_unknown".to_owned()])
    );
    let asked =
        |change: fn(&mut AskedCounts)| found(|it| change(it.gateway_queries.as_mut().unwrap()));
    assert_eq!(
        asked(|it| (it.confirming, it.oldest_confirming) = (1, Some(ago(minutes(1))))),
        ["to do waits_for_confirmation"]
    );
    assert_eq!(
        asked(|it| (it.confirming, it.oldest_confirming) = (1, Some(ago(minutes(11))))),
        ["soon waits_for_confirmation"]
    );
    assert_eq!(asked(|it| (it.due, it.oldest_due) = (1, Some(ago(minutes(1))))), [""; 0]);
    assert_eq!(
        asked(|it| (it.due, it.oldest_due) = (1, Some(ago(minutes(16))))),
        ["soon gateway_not_asked"]
    );
    assert_eq!(asked(|it| it.failed = 1), ["to do gateway_no_answer"]);
    let low = LowStock { product_id: "gift".into(), available: 1, low_stock: 4 };
    assert_eq!(found(|it| it.low_stock = Some(vec![low])), ["to do low_stock"]);
    let orders = MerchantOrders { merchant: "shpo".into(), orders: 3, oldest: ago(minutes(9)) };
    let unknown = UnknownMerchant { orders, did_you_mean: Some("shop".into()) };
    let verdict = judged(|it| it.unknown_merchants = Some(vec![unknown]));
    assert_eq!(verdict.findings[0].describe().code, "merchant_not_configured");
    let seen = verdict.findings[0].describe().seen;
    assert!(
        seen.starts_with("3 unpaid orders name merchant shpo")
            && seen.contains("did you mean shop?"),
        "{seen}"
    );
}

#[test]
fn a_payment_that_alipay_does_not_know_is_urgent() {
    assert_eq!(found(|it| it.not_at_alipay = waits(61, minutes(1))), ["NOW not_at_alipay"]);
}

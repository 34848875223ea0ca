//! The rule of what is settled, over every reason of a rejected trade and every state of its money.

use alipay::{Charset, Fen, Form, Notification, Protocol, TradeStatusSync};
use order::VariantArray as _;
use order::{
    Facts, MerchantAccount, OrderTerms, Refund, RefundSum, RejectedMessage, RejectedPayment, Trade,
};

use super::{KnownTrade, MessageSource, SettledReason, refund_booked, trade_settled};

/// 10.00 yuan, paid by trade 1 of order A.
const PAID: &str = "trade_status=TRADE_SUCCESS&gmt_payment=2026-05-10 10:00:00";
const CLOSED: &str = "trade_status=TRADE_CLOSED";
const WAITING: &str = "trade_status=WAIT_BUYER_PAY";
const PART: &str =
    "trade_status=TRADE_SUCCESS&gmt_payment=2026-05-10 10:00:00&refund_fee=3.00&out_biz_no=R1";
const BACK: &str =
    "trade_status=TRADE_CLOSED&gmt_payment=2026-05-10 10:00:00&refund_fee=10.00&out_biz_no=R1";
const FINISHED: &str = "trade_status=TRADE_FINISHED&gmt_payment=2026-05-10 10:00:00";
const STRANGE: &str = "trade_status=SOMETHING_NEW";

fn said(more: &str) -> TradeStatusSync {
    let form = format!(
        "notify_type=trade_status_sync&notify_id=n&out_trade_no=A&trade_no=1&total_amount=10.00&app_id=app&seller_id=2088&{more}"
    );
    let form = Form::parse(form.replace(' ', "+").as_bytes()).unwrap();
    match Notification::read(&form, Protocol::Openapi, Charset::Utf8).unwrap() {
        Notification::Trade(said) => *said,
        other => panic!("{other:?}"),
    }
}

fn account() -> MerchantAccount {
    MerchantAccount {
        merchant: "shop".to_owned(),
        seller_id: Some("2088".to_owned()),
        app_id: Some("app".to_owned()),
        refunds_late: false,
        confirms_above: None,
        longest_time_to_pay: None,
    }
}

fn terms() -> OrderTerms {
    OrderTerms {
        id: "A".to_owned(),
        merchant: "shop".to_owned(),
        total_fee: Fen::new(1000),
        created_at: "2026-05-10T01:00:00Z".parse().unwrap(),
        expires_at: None,
    }
}

/// The letter against a trade of its order.
fn with_order(
    letter: &str,
    terms: &OrderTerms,
    facts: Facts,
    refunded: i64,
) -> Option<SettledReason> {
    let trade = Trade { facts, refunded_fee: Fen::new(refunded), ..Trade::new("1") };
    let known = KnownTrade::OfOrder { terms, trade: &trade };
    trade_settled(&account(), &said(letter), MessageSource::Notification, &known)
}

/// The letter against what other rejected messages say of a trade that no order has.
fn without_order(letter: &str, others: &[&str], given_back: i64) -> Option<SettledReason> {
    let all: Vec<TradeStatusSync> =
        std::iter::once(letter).chain(others.iter().copied()).map(said).collect();
    let words: Vec<RejectedMessage<'_>> = all.iter().map(RejectedMessage::Notification).collect();
    let payment = RejectedPayment::of("shop", &words, []).ok().flatten();
    let given_back = RefundSum::default().with(Fen::new(given_back), None);
    let known = KnownTrade::WithoutOrder { payment: payment.as_ref(), given_back };
    trade_settled(&account(), &said(letter), MessageSource::Notification, &known)
}

#[test]
fn what_the_order_knows_is_settled_and_nothing_else_is() {
    use Facts as F;
    let full = F::PAID | F::CLOSED | F::REFUNDED_IN_FULL;
    for (letter, facts, refunded, settled) in [
        (PAID, F::PAID, 0, true),
        (PAID, full, 1000, true),
        (PAID, F::PAID | F::FINISHED, 0, true),
        (WAITING, F::PAID, 0, true),
        (WAITING, F::CLOSED, 0, true),
        (WAITING, F::WAITING, 0, true),
        (PART, F::PAID | F::REFUNDED_IN_PART, 300, true),
        (PART, full | F::REFUNDED_IN_PART, 1000, true),
        (BACK, full, 1000, true),
        // Money that is not booked.
        (PAID, F::WAITING, 0, false),
        (PAID, F::CLOSED, 0, false),
        (PAID, F::empty(), 0, false),
        (PART, F::PAID, 0, false),
        (PART, F::PAID | F::REFUNDED_IN_PART, 299, false),
        (BACK, F::PAID, 0, false),
        (BACK, F::PAID | F::REFUNDED_IN_PART, 300, false),
        (CLOSED, F::PAID, 0, false),
        (FINISHED, F::PAID, 0, false),
        (WAITING, F::empty(), 0, false),
        (STRANGE, full, 1000, false),
    ] {
        let found = with_order(letter, &terms(), facts, refunded);
        assert_eq!(
            found,
            settled.then_some(SettledReason::InBooks),
            "{letter} {facts:?} {refunded}"
        );
    }
}

/// Each way to disagree with an order (total, merchant, seller, app, currency, an old trade, a refund above the
/// total): the same trade number is not enough.
#[test]
fn what_does_not_agree_with_its_order_is_never_in_the_books() {
    let everything = Facts::all();
    let old = OrderTerms { created_at: "2027-05-10T01:00:00Z".parse().unwrap(), ..terms() };
    let cheap = OrderTerms { total_fee: Fen::new(999), ..terms() };
    let other = OrderTerms { merchant: "other".to_owned(), ..terms() };
    for terms in [old, cheap, other] {
        assert_eq!(with_order(PAID, &terms, everything, 1000), None, "{terms:?}");
    }
    for (what, more) in [
        ("seller", "seller_id=2089"),
        ("app", "app_id=another"),
        ("currency", "trans_currency=USD"),
        ("a refund above the total", "refund_fee=10.01"),
    ] {
        let letter = said(PAID);
        let changed = match what {
            "seller" => {
                let parties =
                    alipay::Parties { seller_id: Some("2089".to_owned()), ..letter.parties };
                TradeStatusSync { parties, ..letter }
            }
            "app" => TradeStatusSync { app_id: Some("another".to_owned()), ..letter },
            "currency" => TradeStatusSync { currency: Some("USD".to_owned()), ..letter },
            _ => TradeStatusSync { refund_fee: Some(Fen::new(1001)), ..letter },
        };
        let trade = Trade { facts: everything, refunded_fee: Fen::new(2000), ..Trade::new("1") };
        let terms = terms();
        let known = KnownTrade::OfOrder { terms: &terms, trade: &trade };
        let found = trade_settled(&account(), &changed, MessageSource::Notification, &known);
        assert_eq!(found, None, "{what}: {more}");
        let another = trade_settled(
            &account(),
            &changed,
            MessageSource::Notification,
            &KnownTrade::OfAnother,
        );
        assert_eq!(another, None, "{what} of another order");
    }
}

#[test]
fn money_that_no_order_took_is_settled_only_once_all_of_it_is_back() {
    for (letter, others, given_back, settled) in [
        (PAID, &[][..], 0, None),
        (PAID, &[][..], 999, None),
        (PAID, &[][..], 1000, Some(SettledReason::GivenBack)),
        (PAID, &[PART][..], 300, None),
        (PAID, &[BACK][..], 0, Some(SettledReason::GivenBack)),
        (BACK, &[][..], 0, Some(SettledReason::GivenBack)),
        (BACK, &[PAID][..], 0, Some(SettledReason::GivenBack)),
        (PART, &[][..], 0, None),
        (PART, &[BACK][..], 0, Some(SettledReason::GivenBack)),
        (FINISHED, &[][..], 0, None),
        // A buyer who was asked to pay can still pay.
        (WAITING, &[][..], 0, None),
        (WAITING, &[CLOSED][..], 0, Some(SettledReason::NeverPaid)),
        (CLOSED, &[][..], 0, Some(SettledReason::NeverPaid)),
        // Closed, and another message says that it was paid: where is the money?
        (CLOSED, &[PAID][..], 0, None),
        (STRANGE, &[BACK][..], 1000, None),
    ] {
        assert_eq!(without_order(letter, others, given_back), settled, "{letter} {others:?}");
    }
    // Messages that contradict each other about the total.
    let (one, two) = (said(PAID), TradeStatusSync { total: Fen::new(1), ..said(BACK) });
    let words = [RejectedMessage::Notification(&one), RejectedMessage::Notification(&two)];
    assert!(RejectedPayment::of("shop", &words, []).is_err());
    let known = KnownTrade::WithoutOrder {
        payment: None,
        given_back: RefundSum::default().with(Fen::new(1000), None),
    };
    assert_eq!(trade_settled(&account(), &one, MessageSource::Notification, &known), None);
}

#[test]
fn the_words_differ() {
    let words: std::collections::BTreeSet<_> =
        SettledReason::VARIANTS.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), SettledReason::VARIANTS.len());
}

#[test]
fn a_refund_is_booked_with_its_amount_and_result() {
    let row = |amount: i64, result: &str| Refund {
        trade_no: "1".to_owned(),
        refund_key: "B1".to_owned(),
        request_no: "B1".to_owned(),
        running_total: None,
        amount: Some(Fen::new(amount)),
        result: Some(result.to_owned()),
        gmt_refund: None,
    };
    let told = row(100, "SUCCESS");
    assert!(refund_booked(&told, &[row(100, "SUCCESS")]));
    for other in [row(99, "SUCCESS"), row(100, "SELLER_BALANCE_NOT_ENOUGH")] {
        assert!(!refund_booked(&told, &[other]));
    }
    assert!(!refund_booked(&told, &[]));
}

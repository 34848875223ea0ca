//! Notifications whose signature was right.

use alipay::{Fen, Form, Notification, Protocol, Unreadable};

use crate::input;

/// What a notification says depends on its parameters alone, not on their order nor on what else Alipay
/// sends; what it says can be worked with, and a reason has words that fit a log.
pub fn holds(mut data: &[u8]) {
    let protocol = input::protocol(&mut data);
    let charset = input::charset(&mut data);
    let Ok(form) = Form::parse(data) else { return };
    let read = |form: &Form| Notification::read(form, protocol, charset);
    let said = read(&form);

    let pairs: Vec<_> = form.iter().collect();
    let mut other: Form = pairs.into_iter().rev().collect();
    assert_eq!(read(&other), said);
    other.set("a_parameter_of_tomorrow", b"\xff\xfe");
    assert_eq!(read(&other), said);
    assert_eq!(read(&Form::parse(form.encode().as_bytes()).unwrap()), said);

    match said {
        Ok(Notification::Trade(trade)) => {
            for number in [&trade.out_trade_no, &trade.trade_no] {
                assert!((1..=64).contains(&number.len()) && !number.contains(char::is_control));
            }
            assert!(trade.total > Fen::default());
            assert!(trade.refund_fee.is_none_or(|fee| fee >= Fen::default()));
            let total = match protocol {
                Protocol::Mapi => form.get("total_fee"),
                Protocol::Openapi => form.get("total_amount"),
            };
            let total = std::str::from_utf8(total.unwrap()).unwrap();
            assert_eq!(Fen::parse(total), Ok(trade.total));
        }
        Ok(Notification::BatchRefund(batch)) => {
            assert!(!batch.items.is_empty());
            let succeeded = batch.items.iter().filter(|item| item.succeeded()).count();
            let differs = batch.success_num.is_some_and(|number| number != succeeded);
            assert_eq!(batch.count_differs().is_some(), differs);
        }
        Ok(Notification::DepositBack(said)) => {
            assert_eq!(protocol, Protocol::Openapi);
            let numbers =
                [Some(&said.out_trade_no), said.trade_no.as_ref(), said.request_no.as_ref()];
            for number in numbers.into_iter().flatten() {
                assert!((1..=64).contains(&number.len()) && !number.contains(char::is_control));
            }
        }
        Err(error) => {
            assert!(error.to_string().len() < 800, "{error}");
            let unknown = matches!(error, Unreadable::NotifyType { .. });
            assert_eq!(error.reason_code() == "unknown_notify_type", unknown);
        }
    }
}

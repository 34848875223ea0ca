//! The results of a batch refund.

use alipay::{BankReturnState, BatchRefundItem, Fen};

/// Every item is read, none is invented, and what was read is read again from its plain form.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let count = text.split('#').count();
    let items = match BatchRefundItem::parse_details(text) {
        Ok(items) => items,
        Err(error) => {
            assert!((1..=count).contains(&error.item));
            assert!(error.to_string().len() < 600);
            return;
        }
    };
    assert_eq!(items.len(), count);
    for item in &items {
        assert!((1..=64).contains(&item.trade_no.len()));
        assert!(!item.trade_no.contains(['^', '#', '$', '|']));
        assert!(item.amount >= Fen::default());
        assert_eq!(item.succeeded(), item.result == "SUCCESS");
        // The result of the refund is its own, never that of the fee behind it.
        assert!(text.contains(&format!("^{}", item.result)));
    }
    let written: Vec<String> = items.iter().map(write).collect();
    assert_eq!(BatchRefundItem::parse_details(&written.join("#")), Ok(items));
}

fn write(item: &BatchRefundItem) -> String {
    let mut text = format!("{}^{}^{}", item.trade_no, item.amount, item.result);
    if let Some(bank) = &item.bank {
        let state = match bank.state {
            BankReturnState::Done => "S",
            BankReturnState::Failed => "F",
            BankReturnState::InProgress => "P",
        };
        text.push_str(&format!("^{}^{state}", bank.to_bank));
    }
    if let Some(fee) = &item.fee {
        let (account, user) = (&fee.account, &fee.user_id);
        text.push_str(&format!("${account}^{user}^{}^{}", fee.amount, fee.result));
    }
    text
}

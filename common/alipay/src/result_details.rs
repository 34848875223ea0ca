//! The grammar of `result_details`.

use crate::parameters::check_number;
use crate::{BankReturn, BankReturnState, BatchRefundItem, FeeLeg, Fen, MoneyError};

/// Why `result_details` cannot be read, and at which item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("item {item}: {problem}")]
pub struct ResultDetailsError {
    /// The item, counted from 1.
    pub item: usize,
    /// What is wrong with it.
    pub problem: ItemProblem,
}

/// What is wrong with an item of `result_details`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemProblem {
    /// The refund has neither three nor five fields.
    #[error("the refund has {fields} fields, expected trade_no^amount^result, 3 or 5")]
    RefundFields {
        /// The number of fields.
        fields: usize,
    },
    /// The fee leg has not four fields.
    #[error("the fee has {fields} fields, expected account^user_id^amount^result, 4")]
    FeeFields {
        /// The number of fields.
        fields: usize,
    },
    /// The trade number is empty, too long or contains a control character.
    #[error("the trade number: {0}")]
    TradeNo(&'static str),
    /// The amount of the refund or of the fee.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// The result of the refund or of the fee is not a word.
    #[error("the result is not a word of letters, digits and _")]
    Result,
    /// The fields about the return to a bank are not `true` or `false` and `S`, `F` or `P`.
    #[error("the return to the bank is not true or false, and S, F or P")]
    Bank,
}

/// Reads all items; of none there is an error too, since one item is always there.
pub(crate) fn parse(details: &str) -> Result<Vec<BatchRefundItem>, ResultDetailsError> {
    let read = |(index, text)| {
        item(text).map_err(|problem| ResultDetailsError { item: index + 1, problem })
    };
    details.split('#').enumerate().map(read).collect()
}

fn item(text: &str) -> Result<BatchRefundItem, ItemProblem> {
    // From the outside in: the sub-trade may hold every other separator, a royalty only `^`.
    let (text, _subtrade) = text.split_once("$$").unwrap_or((text, ""));
    let (text, _royalties) = text.split_once('|').unwrap_or((text, ""));
    let (refund, fee) = match text.split_once('$') {
        Some((refund, fee)) => (refund, Some(fee)),
        None => (text, None),
    };
    let fields: Vec<&str> = refund.split('^').collect();
    let (trade_no, amount, result, bank) = match fields[..] {
        [trade_no, amount, result] => (trade_no, amount, result, None),
        [trade_no, amount, result, to_bank, state] => {
            (trade_no, amount, result, Some(bank_return(to_bank, state)?))
        }
        _ => return Err(ItemProblem::RefundFields { fields: fields.len() }),
    };
    check_number(trade_no).map_err(ItemProblem::TradeNo)?;
    Ok(BatchRefundItem {
        trade_no: trade_no.to_owned(),
        amount: Fen::parse(amount)?,
        result: word(result)?,
        bank,
        fee: fee.map(fee_leg).transpose()?,
    })
}

fn bank_return(to_bank: &str, state: &str) -> Result<BankReturn, ItemProblem> {
    let to_bank = match to_bank {
        "true" => true,
        "false" => false,
        _ => return Err(ItemProblem::Bank),
    };
    let state = match state {
        "S" => BankReturnState::Done,
        "F" => BankReturnState::Failed,
        "P" => BankReturnState::InProgress,
        _ => return Err(ItemProblem::Bank),
    };
    Ok(BankReturn { to_bank, state })
}

fn fee_leg(text: &str) -> Result<FeeLeg, ItemProblem> {
    let fields: Vec<&str> = text.split('^').collect();
    let [account, user_id, amount, result] = fields[..] else {
        return Err(ItemProblem::FeeFields { fields: fields.len() });
    };
    Ok(FeeLeg {
        account: account.to_owned(),
        user_id: user_id.to_owned(),
        amount: Fen::parse(amount)?,
        result: word(result)?,
    })
}

/// A result: `SUCCESS` or a code. Codes outside the published table occur, so none is checked.
fn word(text: &str) -> Result<String, ItemProblem> {
    let ok = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if ok { Ok(text.to_owned()) } else { Err(ItemProblem::Result) }
}

#[cfg(test)]
mod tests {
    use super::{ItemProblem, ResultDetailsError, parse};
    use crate::{BankReturn, BankReturnState, BatchRefundItem, FeeLeg, Fen};

    fn refund(trade_no: &str, fen: i64, result: &str) -> BatchRefundItem {
        BatchRefundItem {
            trade_no: trade_no.to_owned(),
            amount: Fen::new(fen),
            result: result.to_owned(),
            bank: None,
            fee: None,
        }
    }

    fn fee(account: &str, fen: i64, result: &str) -> Option<FeeLeg> {
        Some(FeeLeg {
            account: account.to_owned(),
            user_id: "2088".to_owned(),
            amount: Fen::new(fen),
            result: result.to_owned(),
        })
    }

    #[test]
    fn plain_items() {
        let success = refund("2017112021001104700563308219", 11, "SUCCESS");
        assert!(success.succeeded());
        let failure = refund("2", 2, "REFUND_TRADE_FEE_ERROR");
        assert!(!failure.succeeded());
        assert_eq!(
            parse("2017112021001104700563308219^0.11^SUCCESS#2^0.02^REFUND_TRADE_FEE_ERROR"),
            Ok(vec![success, failure])
        );
        // Two refunds of one trade are the reader's to judge.
        assert_eq!(parse("1^1^SUCCESS#1^1^SUCCESS").unwrap().len(), 2);
    }

    #[test]
    fn the_result_of_the_fee_is_not_the_result_of_the_refund() {
        let expected = BatchRefundItem {
            fee: fee("a.b-c+d@e.com", 0, "SUCCESS"),
            ..refund("2013091142096412", 1, "TRADE_HAS_CLOSED")
        };
        let details = "2013091142096412^0.01^TRADE_HAS_CLOSED$a.b-c+d@e.com^2088^0.00^SUCCESS";
        assert_eq!(parse(details).as_deref(), Ok(&[expected][..]));
    }

    #[test]
    fn everything_at_once() {
        let state = |to_bank, state| Some(BankReturn { to_bank, state });
        let details = "1^0.01^SUCCESS^true^P$a^2088^0.02^FEE_ERROR|b^1^c^2^0.01^SUCCESS|d^3\
            $$4^0.03^SUCCESS|x$y\
            #2^2^SUCCESS^false^S|b^1^c^2^0.01^SUCCESS#3^3^SUCCESS^true^F$$5^1^SUCCESS";
        let expected = [
            BatchRefundItem {
                bank: state(true, BankReturnState::InProgress),
                fee: fee("a", 2, "FEE_ERROR"),
                ..refund("1", 1, "SUCCESS")
            },
            BatchRefundItem {
                bank: state(false, BankReturnState::Done),
                ..refund("2", 200, "SUCCESS")
            },
            BatchRefundItem {
                bank: state(true, BankReturnState::Failed),
                ..refund("3", 300, "SUCCESS")
            },
        ];
        assert_eq!(parse(details).as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn errors_name_the_item() {
        let amount = Fen::parse("x").unwrap_err();
        for (details, item, problem) in [
            ("", 1, ItemProblem::RefundFields { fields: 1 }),
            ("1^1^SUCCESS#", 2, ItemProblem::RefundFields { fields: 1 }),
            ("1^1", 1, ItemProblem::RefundFields { fields: 2 }),
            ("1^1^SUCCESS^true", 1, ItemProblem::RefundFields { fields: 4 }),
            ("1^1^SUCCESS^true^S^x", 1, ItemProblem::RefundFields { fields: 6 }),
            ("1^1^SUCCESS^null^null", 1, ItemProblem::Bank),
            ("1^1^SUCCESS^true^X", 1, ItemProblem::Bank),
            ("1^1^SUCCESS#^1^SUCCESS", 2, ItemProblem::TradeNo("it is empty")),
            ("1\n^1^SUCCESS", 1, ItemProblem::TradeNo("it contains a control character")),
            ("1^x^SUCCESS", 1, ItemProblem::Amount(amount.clone())),
            ("1^1^", 1, ItemProblem::Result),
            ("1^1^SUCCESS ", 1, ItemProblem::Result),
            ("1^1^SUCCESS$", 1, ItemProblem::FeeFields { fields: 1 }),
            ("1^1^SUCCESS$a^b^1", 1, ItemProblem::FeeFields { fields: 3 }),
            ("1^1^SUCCESS$a^b^x^SUCCESS", 1, ItemProblem::Amount(amount)),
            ("1^1^SUCCESS$a^b^1^", 1, ItemProblem::Result),
        ] {
            assert_eq!(parse(details), Err(ResultDetailsError { item, problem }), "{details}");
        }
        let error = parse("1^1^SUCCESS#2^1e2^SUCCESS").unwrap_err();
        assert_eq!(
            error.to_string(),
            "item 2: \"1e2\" is not an amount in yuan such as 12 or 12.34"
        );
    }
}

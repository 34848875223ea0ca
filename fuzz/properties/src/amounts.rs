//! Amounts in yuan.

use alipay::{Fen, MoneyError};

/// An amount is what the digits say, computed in another way, and comes back from its text.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match (Fen::parse(text), reckoned(text)) {
        (Ok(fen), Some(Ok(expected))) => {
            assert_eq!(i128::from(fen.get()), expected);
            assert_eq!(Fen::parse(&fen.to_string()), Ok(fen));
            let json = serde_json::to_string(&fen).unwrap();
            assert_eq!(serde_json::from_str::<Fen>(&json).ok(), Some(fen));
        }
        (Err(MoneyError::TooLarge { text }), Some(Err(()))) => {
            assert!(text.chars().count() <= 64);
        }
        (Err(MoneyError::NotAnAmount { text } | MoneyError::TooManyDecimals { text }), None) => {
            assert!(text.chars().count() <= 64);
        }
        (read, expected) => panic!("{text:?} is {read:?} and should be {expected:?}"),
    }
}

/// The amount in fen; `Err` where it is too large for 64 bits, `None` where it is no amount.
fn reckoned(text: &str) -> Option<Result<i128, ()>> {
    let parts: Vec<&str> = text.split('.').collect();
    let (yuan, fraction) = match parts[..] {
        [yuan] => (yuan, "0"),
        [yuan, fraction] => (yuan, fraction),
        _ => return None,
    };
    if yuan.is_empty() || !(1..=2).contains(&fraction.len()) {
        return None;
    }
    if !yuan.chars().chain(fraction.chars()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{yuan}{fraction:0<2}");
    let digits = digits.trim_start_matches('0');
    // Thirty digits fit into 128 bits and are beyond 64.
    let value = match digits {
        "" => 0,
        digits if digits.len() > 30 => return Some(Err(())),
        digits => digits.parse::<i128>().ok()?,
    };
    Some(if value <= i128::from(i64::MAX) { Ok(value) } else { Err(()) })
}

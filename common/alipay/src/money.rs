//! Money in fen.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in fen, hundredths of a yuan.
///
/// Serialised as an integer. May be negative as the result of arithmetic; amounts read from a
/// message never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(i64);

/// Why a text is not an amount. Shows the text, cut after 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Something else than digits, a point and one or two digits.
    #[error("{text:?} is not an amount in yuan such as 12 or 12.34")]
    NotAnAmount {
        /// The text.
        text: String,
    },
    /// More than two decimals: there is nothing smaller than a fen.
    #[error("the amount {text:?} has more than two decimals")]
    TooManyDecimals {
        /// The text.
        text: String,
    },
    /// More fen than fit into an `i64`.
    #[error("the amount {text:?} is too large")]
    TooLarge {
        /// The text.
        text: String,
    },
}

impl Fen {
    /// An amount of so many fen.
    pub const fn new(fen: i64) -> Fen {
        Fen(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Reads an amount in yuan as Alipay writes it: `20`, `20.0` and `20.00` are equal.
    ///
    /// ```
    /// use alipay::Fen;
    /// assert_eq!(Fen::parse("12.3")?, Fen::new(1230));
    /// # Ok::<(), alipay::MoneyError>(())
    /// ```
    ///
    /// # Errors
    /// Everything but ASCII digits, optionally followed by a point and one or two digits: signs,
    /// exponents, spaces, `1.`, `.5`; three decimals; more than `i64::MAX` fen.
    pub fn parse(text: &str) -> Result<Fen, MoneyError> {
        let shown = || text.chars().take(64).collect::<String>();
        let (yuan, fraction) = match text.split_once('.') {
            Some((yuan, fraction)) => (yuan, Some(fraction)),
            None => (text, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(yuan) || !fraction.is_none_or(digits) {
            return Err(MoneyError::NotAnAmount { text: shown() });
        }
        let tenths_and_hundredths = match fraction.unwrap_or("0").as_bytes() {
            [tenths] => i64::from(tenths - b'0') * 10,
            [tenths, hundredths] => i64::from(tenths - b'0') * 10 + i64::from(hundredths - b'0'),
            _ => return Err(MoneyError::TooManyDecimals { text: shown() }),
        };
        // Of digits alone, only a number that is too large fails to parse.
        let fen = yuan.parse::<i64>().ok().and_then(|yuan| yuan.checked_mul(100));
        fen.and_then(|fen| fen.checked_add(tenths_and_hundredths))
            .map(Fen)
            .ok_or_else(|| MoneyError::TooLarge { text: shown() })
    }

    /// The sum, `None` on overflow.
    pub fn checked_add(self, other: Fen) -> Option<Fen> {
        self.0.checked_add(other.0).map(Fen)
    }
}

/// Yuan with two decimals: `12.34`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        f.pad_integral(self.0 >= 0, "", &format!("{}.{:02}", fen / 100, fen % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fen, MoneyError};

    #[test]
    fn reads_what_alipay_writes() {
        for (text, fen) in [
            ("20", 2000),
            ("20.0", 2000),
            ("20.00", 2000),
            ("327.0", 32700),
            ("0", 0),
            ("0.00", 0),
            ("0.01", 1),
            ("0.1", 10),
            ("00012.34", 1234),
            ("100000000.00", 10_000_000_000),
            ("92233720368547758.07", i64::MAX),
        ] {
            assert_eq!(Fen::parse(text), Ok(Fen::new(fen)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "-1",
            "+1",
            "1e2",
            "1.",
            ".5",
            ".",
            " 1",
            "1 ",
            "1\n",
            "1,000.00",
            "1.-1",
            "1.2.3",
            "0x10",
            "NaN",
            "\u{ff11}",
            "1.\u{ff12}",
            "\u{a5}1",
            "1.+1",
        ] {
            let expected = MoneyError::NotAnAmount { text: text.to_owned() };
            assert_eq!(Fen::parse(text), Err(expected), "{text:?}");
        }
        for text in ["0.001", "1.000"] {
            let expected = MoneyError::TooManyDecimals { text: text.to_owned() };
            assert_eq!(Fen::parse(text), Err(expected));
        }
        for text in ["92233720368547758.08", "92233720368547759", "99999999999999999999"] {
            let expected = MoneyError::TooLarge { text: text.to_owned() };
            assert_eq!(Fen::parse(text), Err(expected));
        }
        let long = "x".repeat(100_000);
        assert!(Fen::parse(&long).unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn shows_yuan() {
        for (fen, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (1234, "12.34"),
            (-5, "-0.05"),
            (-1234, "-12.34"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(Fen::new(fen).to_string(), text);
        }
        assert_eq!(format!("{:>8}", Fen::new(1234)), "   12.34");
    }

    #[test]
    fn is_an_integer_in_json() {
        assert_eq!(serde_json::to_string(&Fen::new(1234)).unwrap(), "1234");
        assert!(serde_json::from_str::<Fen>("12.34").is_err());
    }

    #[test]
    fn adds_without_wrapping() {
        assert_eq!(Fen::new(1).checked_add(Fen::new(2)), Some(Fen::new(3)));
        assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), None);
    }
}

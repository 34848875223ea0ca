//! What goes wrong when one notification is sent.

use std::time::Duration;

use alipay::{Charset, Fen};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{Faults, SignError, SignedNotification, UnsignedNotification, Writing};

/// How long a delayed notification waits, and a reordered one for those that overtake it.
const DELAY: Duration = Duration::from_secs(5);
/// The totals that a notification with the wrong amount has: the first, or where that is right
/// the second.
const WRONG_TOTALS: [Fen; 2] = [Fen::new(1), Fen::new(2)];

/// One fault of one notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownFault, parse_err_fn = unknown)]
pub enum Fault {
    /// Sent twice at the same time.
    Duplicate,
    /// Sent after those that come after it.
    Reorder,
    /// Sent five seconds late.
    Delay,
    /// Never sent.
    Drop,
    /// Claims another total.
    WrongAmount,
    /// Names another app (openapi) or seller (mapi).
    WrongApp,
    /// Its signature is not its own.
    Corrupt,
    /// Encoded as GBK.
    Gbk,
    /// The body comes in pieces with pauses.
    SlowBody,
    /// The connection breaks in the middle of the body.
    HalfBody,
}

/// A word that is no [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault {word:?}: expected one of {}", words())]
pub struct UnknownFault {
    word: String,
}

impl Fault {
    /// The word on command lines and in forms, for example `wrong-amount`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether Alipay would never have sent it: a merchant must refuse it.
    pub fn is_forgery(self) -> bool {
        matches!(self, Fault::Corrupt | Fault::WrongApp)
    }

    /// The signed notification with the fault in it, if it is one of what is said.
    ///
    /// # Errors
    /// As [`UnsignedNotification::sign`].
    pub fn sign(
        fault: Option<Fault>,
        notification: &UnsignedNotification,
        signer: &alipay::Signer,
    ) -> Result<SignedNotification, SignError> {
        let notification = notification.clone();
        let notification = match fault {
            Some(Fault::WrongAmount) => {
                let [wrong, other] = WRONG_TOTALS;
                let right = wrong.to_string();
                let says = |name| notification.parameter(name) == Some(right.as_str());
                let total = if says("total_fee") || says("total_amount") { other } else { wrong };
                notification.wrong_amount(total)
            }
            Some(Fault::WrongApp) => notification.wrong_merchant(),
            Some(Fault::Gbk) => notification.in_charset(Charset::Gbk),
            _ => notification,
        };
        let signed = notification.sign(signer)?;
        match fault {
            Some(Fault::Corrupt) => Faults::seeded(0).corrupt(&signed),
            _ => Ok(signed),
        }
    }

    /// How the body is written.
    pub fn writing(fault: Option<Fault>) -> Writing {
        match fault {
            Some(Fault::SlowBody) => Writing::Slow,
            Some(Fault::HalfBody) => Writing::Half,
            _ => Writing::Whole,
        }
    }

    /// How long it waits before it is sent.
    pub fn delay(fault: Option<Fault>) -> Duration {
        match fault {
            Some(Fault::Delay | Fault::Reorder) => DELAY,
            _ => Duration::ZERO,
        }
    }
}

fn unknown(word: &str) -> UnknownFault {
    UnknownFault { word: word.to_owned() }
}

fn words() -> String {
    Fault::VARIANTS.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", ")
}

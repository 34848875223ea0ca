//! The two families of Alipay gateways (docs/protocol.md §1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which of Alipay's two gateways a merchant uses. They sign, name and encode differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// The legacy gateway, `mapi.alipay.com` (`create_direct_pay_by_user`): the total is
    /// `total_fee`, there is no `charset` parameter, and empty values are not signed.
    Mapi,
    /// The Open Platform, `openapi.alipay.com` (`alipay.trade.*`): the total is `total_amount`,
    /// the message names its `charset`, and empty values are signed.
    Openapi,
}

impl Protocol {
    /// The word used in configuration files and messages: `mapi` or `openapi`.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Mapi => "mapi",
            Protocol::Openapi => "openapi",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is neither `mapi` nor `openapi`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown protocol {0:?}: expected mapi or openapi")]
pub struct UnknownProtocol(String);

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "mapi" => Ok(Protocol::Mapi),
            "openapi" => Ok(Protocol::Openapi),
            other => Err(UnknownProtocol(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn one_word_in_text_and_json() {
        for protocol in [Protocol::Mapi, Protocol::Openapi] {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
            let json = serde_json::to_string(&protocol).unwrap();
            assert_eq!(json, format!("\"{protocol}\""));
            assert_eq!(serde_json::from_str::<Protocol>(&json).unwrap(), protocol);
        }
        assert!("MAPI".parse::<Protocol>().is_err());
    }
}

//! The two families of Alipay gateways (docs/protocol.md §1).

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// Which of Alipay's two gateways a merchant uses. They sign, name and encode differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, Display, EnumString, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
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
        self.into()
    }

    /// Whether a program can refund by a call. At the legacy gateway a person does, with the payment password.
    pub fn has_refund_call(self) -> bool {
        self == Protocol::Openapi
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

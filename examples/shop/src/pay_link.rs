//! The link that takes a buyer to Alipay's cashier: `create_direct_pay_by_user`, legacy gateway.
//!
//! This is the one place that knows how a payment starts. On the Open Platform it is
//! `alipay.trade.page.pay`, signed with the application's private key (`Rule::Request`).

use alipay::{Fen, Form, KeyError, Md5Key, Rule, Signer};
use clap::Args;

/// The merchant at Alipay. The same partner and key as in alipay.toml.
#[derive(Args)]
pub(crate) struct Account {
    /// The partner id, 2088 and 12 digits
    #[arg(long, env = "ALIPAY_PARTNER")]
    partner: String,
    /// The MD5 key of the partner
    #[arg(long, env = "ALIPAY_MD5_KEY", hide_env_values = true)]
    md5_key: String,
    /// Where Alipay posts notifications: the ingress, as the internet sees it
    #[arg(long)]
    notify_url: String,
    /// Alipay's gateway
    #[arg(long, default_value = "https://mapi.alipay.com/gateway.do")]
    gateway: String,
}

impl Account {
    /// The link for an order, which Alipay lets be paid for `minutes` after the buyer has opened it, where
    /// there is a limit. Somebody who opens it at the last moment has that long again, so this is not
    /// what ends the order: the pipeline closes it at Alipay when its own time is over. The buyer comes back to `return_url`: that somebody comes back says
    /// nothing about the money, so the page there asks the database.
    pub(crate) fn pay_link(
        &self,
        order: &str,
        subject: &str,
        total_fee: i64,
        return_url: &str,
        minutes: Option<i64>,
    ) -> Result<String, KeyError> {
        let total = Fen::new(total_fee).to_string();
        let mut form = Form::from_pairs([
            ("service", "create_direct_pay_by_user"),
            ("partner", &self.partner),
            ("_input_charset", "utf-8"),
            ("payment_type", "1"),
            ("seller_id", &self.partner),
            ("out_trade_no", order),
            ("subject", subject),
            ("total_fee", &total),
            ("notify_url", &self.notify_url),
            ("return_url", return_url),
        ]);
        if let Some(minutes) = minutes {
            // From a minute to fifteen days.
            form.set("it_b_pay", format!("{}m", minutes.clamp(1, 21_600)));
        }
        let signer = Signer::Md5(Md5Key::new(self.md5_key.as_str()));
        signer.sign_form(&mut form, Rule::DropEmpty)?;
        Ok(format!("{}?{}", self.gateway, form.encode()))
    }
}

#[cfg(test)]
mod tests {
    use super::Account;
    use alipay::{Form, Md5Key, Protocol, SignType, Verifier};

    #[test]
    fn the_link_is_signed_and_says_the_total_in_yuan() {
        let account = Account {
            partner: "2088000000000001".to_owned(),
            md5_key: "secret".to_owned(),
            notify_url: "https://pay.example.com/alipay/shop/notify".to_owned(),
            gateway: "https://mapi.example.com/gateway.do".to_owned(),
        };
        let back = "https://shop.example.com/orders/S1";
        let link = account.pay_link("S1", "游戏点卡", 1005, back, Some(29)).unwrap();
        let query = link.strip_prefix("https://mapi.example.com/gateway.do?").unwrap();
        let form = Form::parse(query.as_bytes()).unwrap();
        assert_eq!(form.get("total_fee"), Some(&b"10.05"[..]));
        assert_eq!(form.get("subject"), Some("游戏点卡".as_bytes()));
        assert_eq!(form.get("it_b_pay"), Some(&b"29m"[..]));
        let keys = vec![Md5Key::new("secret")];
        let verifier = Verifier::new(Protocol::Mapi, vec![SignType::Md5], keys, vec![]).unwrap();
        verifier.verify(&form, &[], std::time::SystemTime::now().into()).unwrap();
    }
}

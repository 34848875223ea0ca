//! Whether what Alipay signed is for this merchant.

use alipay::{Form, SignType, check_recipient};
use config::Merchant;

use crate::Refusal;

/// Refuses what is for another account than the merchant's: see [`check_recipient`].
pub(crate) fn check(merchant: &Merchant, form: &Form, sign_type: SignType) -> Result<(), Refusal> {
    check_recipient(form, merchant.protocol, sign_type, merchant.account())
        .map_err(|parameter| Refusal::NotThisMerchant { parameter })
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Config;

    const APP: &str = "2021001";
    const SELLER: &str = "2088000000000001";

    fn merchant(protocol: &str, app_id: &str, seller_id: &str) -> Merchant {
        let variables = [
            ("PROTOCOL", protocol),
            ("APP_ID", app_id),
            ("SELLER_ID", seller_id),
            ("SIGN_TYPES", "MD5"),
            ("MD5_KEY", "x"),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (format!("ALIPAY__MERCHANTS__SHOP__{key}").into(), value.into()));
        Config::load_from(None, variables).unwrap().only_merchant().unwrap().clone()
    }

    fn parameter_that_disagrees(
        merchant: &Merchant,
        form: &str,
        sign_type: SignType,
    ) -> Option<&'static str> {
        let form = Form::parse(form.as_bytes()).unwrap();
        match check(merchant, &form, sign_type) {
            Ok(()) => None,
            Err(Refusal::NotThisMerchant { parameter }) => Some(parameter),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_open_platform_notification_names_the_app() {
        let merchant = merchant("openapi", APP, SELLER);
        for (form, expected) in [
            ("app_id=2021001", None),
            ("app_id=2021001&seller_id=2088000000000001", None),
            ("app_id=2021002", Some("app_id")),
            ("app_id=", Some("app_id")),
            ("a=1", Some("app_id")),
            ("notify_type=batch_refund_notify", Some("app_id")),
            ("app_id=2021001&seller_id=2088000000000002", Some("seller_id")),
            ("app_id=2021001&seller_id=", None),
        ] {
            let found = parameter_that_disagrees(&merchant, form, SignType::Rsa2);
            assert_eq!(found, expected, "{form}");
        }
    }

    #[test]
    fn a_seller_that_is_not_configured_is_not_compared() {
        let merchant = merchant("openapi", APP, "");
        let form = "app_id=2021001&seller_id=2088000000000002";
        assert_eq!(parameter_that_disagrees(&merchant, form, SignType::Rsa2), None);
    }

    #[test]
    fn a_legacy_notification_names_the_seller_where_the_key_does_not() {
        let merchant = merchant("mapi", "", SELLER);
        for (form, with_md5, with_rsa) in [
            ("seller_id=2088000000000001", None, None),
            ("seller_id=2088000000000002", Some("seller_id"), Some("seller_id")),
            ("notify_type=trade_status_sync", None, Some("seller_id")),
            ("notify_type=something_new", None, Some("seller_id")),
            ("notify_type=batch_refund_notify", None, None),
            // An agreement names the partner, a transfer who pays.
            ("notify_type=dut_user_sign&partner_id=2088000000000001", None, None),
            ("notify_type=batch_trans_notify&pay_user_id=2088000000000001", None, None),
            ("notify_type=dut_user_unsign&partner_id=2088000000000001", None, None),
            ("notify_type=fund_auth_freeze&payee_user_id=2088000000000001", None, None),
            ("notify_type=fund_auth_unfreeze&seller_user_id=2088000000000001", None, None),
            (
                "notify_type=fund_auth_freeze&payee_user_id=2088000000000002",
                Some("payee_user_id"),
                Some("payee_user_id"),
            ),
            // This names the buyer; and in the notification of a trade these names do not count.
            ("notify_type=dut_user_sign&alipay_user_id=2088000000000001", None, Some("seller_id")),
            (
                "notify_type=trade_status_sync&payee_user_id=2088000000000001",
                None,
                Some("seller_id"),
            ),
            ("seller_id=2088000000000001&payee_user_id=2088000000000002", None, None),
            (
                "notify_type=dut_user_sign&partner_id=2088000000000002",
                Some("partner_id"),
                Some("partner_id"),
            ),
            (
                "pay_user_id=2088000000000002&seller_id=2088000000000001",
                Some("pay_user_id"),
                Some("pay_user_id"),
            ),
            (
                "notify_type=batch_refund_notify&seller_id=2088000000000002",
                Some("seller_id"),
                Some("seller_id"),
            ),
        ] {
            let found = parameter_that_disagrees(&merchant, form, SignType::Md5);
            assert_eq!(found, with_md5, "MD5: {form}");
            let found = parameter_that_disagrees(&merchant, form, SignType::Rsa);
            assert_eq!(found, with_rsa, "RSA: {form}");
        }
    }
}

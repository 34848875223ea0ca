//! The two merchants that tests, the demo and chaos have.

use std::fmt;

/// The configuration of `shop` at the legacy gateway (MD5) and of `app` at the Open Platform (RSA2), whose
/// keys are in the folders `alipay` and `app` beside the configuration
/// ([`Pipeline::generate_keys`](crate::Pipeline::generate_keys)).
#[derive(Debug, Clone, Copy)]
pub struct Merchants<'a> {
    /// The key of `shop`.
    pub md5_key: &'a str,
    /// Where both ask Alipay; none while it is not known.
    pub gateway: Option<&'a str>,
}

impl Merchants<'_> {
    /// The seller of both.
    pub const SELLER_ID: &'static str = "2088000000000001";
    /// The application of `app`.
    pub const APP_ID: &'static str = "2021000000000001";
}

impl fmt::Display for Merchants<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gateway = match self.gateway {
            Some(url) => format!("gateway = \"{url}\""),
            None => "# gateway = ...".to_owned(),
        };
        write!(
            f,
            r#"
[merchants.shop]            # legacy gateway, MD5
protocol = "mapi"
seller_id = "{seller}"
sign_types = ["MD5"]
md5_key = "{md5_key}"
{gateway}

[merchants.app]             # Open Platform, RSA2
protocol = "openapi"
app_id = "{app_id}"
seller_id = "{seller}"
sign_types = ["RSA2"]
alipay_public_keys_file = "alipay/alipay_public.pem"
private_key_file = "app/alipay_private.pem"
{gateway}
"#,
            seller = Self::SELLER_ID,
            app_id = Self::APP_ID,
            md5_key = self.md5_key,
        )
    }
}

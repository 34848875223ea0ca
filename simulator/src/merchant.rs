//! Whom Alipay notifies.

use alipay::{Charset, Protocol};
use serde::{Deserialize, Serialize};

/// A merchant's identity as it is in notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerchantIdentity {
    /// Which gateway the merchant uses; decides the parameters of every notification.
    pub protocol: Protocol,
    /// The merchant's account number, 16 digits that begin with 2088.
    pub seller_id: String,
    /// The merchant's account, a mail address.
    pub seller_email: String,
    /// The application of the Open Platform; not sent by the legacy gateway.
    pub app_id: String,
    /// The charset in which notifications are encoded; named in them by the Open Platform only.
    pub charset: Charset,
}

impl MerchantIdentity {
    /// A merchant of the legacy gateway, UTF-8.
    pub fn mapi(seller_id: impl Into<String>) -> MerchantIdentity {
        MerchantIdentity {
            protocol: Protocol::Mapi,
            seller_id: seller_id.into(),
            seller_email: "seller@example.com".to_owned(),
            app_id: String::new(),
            charset: Charset::Utf8,
        }
    }

    /// A merchant of the Open Platform, UTF-8.
    pub fn openapi(app_id: impl Into<String>, seller_id: impl Into<String>) -> MerchantIdentity {
        MerchantIdentity {
            protocol: Protocol::Openapi,
            app_id: app_id.into(),
            ..MerchantIdentity::mapi(seller_id)
        }
    }

    /// The same merchant with notifications in another charset.
    #[must_use]
    pub fn with_charset(self, charset: Charset) -> MerchantIdentity {
        MerchantIdentity { charset, ..self }
    }
}

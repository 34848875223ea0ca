//! What a merchant asks of the gateway: signed forms.
//!
//! A form is sent as it is, POSTed or as a link, with its charset in the URL too: without it the
//! gateway guesses the charset of a POST.

mod address;
mod application;
mod certificate_download;
mod error;
mod link;
mod mapi;
mod openapi;
mod payment;
mod platform_refund;
mod submit_page;
mod trade_close;
mod trade_query;
mod trade_refund;
mod unsigned;

pub use application::Application;
pub use certificate_download::CertificateDownload;
pub use error::RequestError;
pub use link::link;
pub use payment::{Payment, can_be_cut};
pub use platform_refund::{PlatformRefund, PlatformRefundItem};
pub use submit_page::submit_page;
pub use trade_close::TradeClose;
pub use trade_query::{TradeQuery, TradeRef};
pub use trade_refund::{RefundQuery, TradeRefund};
pub use unsigned::{NotifyVerify, QueryTimestamp};

use crate::{Charset, KeyError};

fn encode(charset: Charset, text: &str) -> Result<Vec<u8>, KeyError> {
    charset.encode(text).map_err(|error| KeyError::SigningFailed { reason: error.to_string() })
}

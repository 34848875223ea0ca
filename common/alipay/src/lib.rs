//! The Alipay protocol, pure: no network, no database, no clock.
//!
//! Alipay reports what happened to a trade by POSTing a signed form to the merchant's
//! notify URL. This crate turns the bytes of such a form into something to act upon, in five
//! steps, and in the other direction signs what a merchant (or a stand-in for Alipay) sends.
//!
//! 1. **[`Form::parse`]** splits the body and decodes it once, to *bytes*. The signature covers
//!    bytes, and a message may be in GBK: decoding to text first would destroy what was signed.
//! 2. **[`Verifier::verify`]** rebuilds the signed text ([`canonical`]) and checks the signature
//!    with the merchant's keys, as of a time: a key out of a [`Certificate`] is good only while that is
//!    valid. The configuration decides which [`SignType`]s are accepted.
//! 3. **[`Charset::of`]** finds the character set: the message's own `charset` parameter on the
//!    Open Platform, the merchant's configuration at the legacy gateway.
//! 4. **[`check_notification`]** and **[`SecondReading::of`]** check whether the form is a notification at
//!    all, and whether its signed text could be cut in another way: a signature covers a text, not a form.
//! 5. **[`Notification::read`]** decodes and parses the values that are used, strictly: amounts as
//!    [`Fen`], times as UTC ([`parse_beijing`]), refund results by their grammar.
//!
//! A valid signature says that Alipay wrote the message, not for whom: Alipay's old RSA key is
//! shared by all merchants. The caller of this crate must also compare `seller_id` or `app_id`.
//!
//! ```
//! use alipay::{Charset, Fen, Form, Md5Key, Notification, Protocol, SignType, Verifier};
//!
//! let body = b"out_trade_no=A-1&trade_no=2014111363338388&trade_status=TRADE_SUCCESS\
//!     &total_fee=2.75&subject=%B2%E2%CA%D4&gmt_payment=2014-11-13+20%3A39%3A50\
//!     &sign_type=MD5&sign=c56bd560888777d9ecad1b7f66101882";
//!
//! let verifier = Verifier::new(
//!     Protocol::Mapi,
//!     vec![SignType::Md5],
//!     vec![Md5Key::new("10000000000000000000000000000000")],
//!     vec![],
//! )?;
//!
//! let form = Form::parse(body)?;
//! let verified = verifier.verify(&form, &[], chrono::Utc::now())?;
//! assert_eq!(verified.sign_type, SignType::Md5);
//!
//! let charset = Charset::of(&form, Charset::Gbk)?;
//! let Notification::Trade(trade) = Notification::read(&form, Protocol::Mapi, charset)? else {
//!     panic!("a trade_status_sync");
//! };
//! assert_eq!(trade.out_trade_no, "A-1");
//! assert_eq!(trade.total, Fen::new(275));
//! assert_eq!(trade.gmt_payment.unwrap().to_rfc3339(), "2014-11-13T12:39:50+00:00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In certificate mode keys come out of certificates, which Alipay names by a number
//! ([`Certificate::sn`]) and which one of the configured [`RootCertificates`] must have issued.
//!
//! The two gateways ([`Protocol`]) differ in names, in the character set and in whether empty
//! values are signed ([`Rule`]). Keys are read in every form in which consoles and tools hand
//! them out: [`PublicKey::read`], [`PrivateKey::read`]. A [`Signer`] signs forms.
//!
//! In the other direction a merchant asks the gateway: [`TradeQuery`], [`Payment`], [`TradeRefund`]
//! and their like make signed forms, [`QueryAnswer`], [`RefundAnswer`] and their like read what comes
//! back. An answer counts as a notification does: only with a right signature over its bytes.
//!
//! Nothing here panics on bytes from outside, and nothing that can reach a log (`Debug`, errors)
//! shows a key, a signature or the values of a form.

mod answer;
mod batch_refund;
mod biz_content;
mod canonical;
mod certificate;
mod charset;
mod form;
mod json_object;
mod key_error;
mod key_text;
mod md5;
mod message_service;
mod money;
mod notification;
mod notification_form;
mod parameters;
mod percent;
mod private_key;
mod protocol;
mod public_key;
mod reading;
mod recipient;
mod request;
mod result_details;
mod return_url;
mod sign;
mod sign_type;
mod signature_error;
mod time;
mod trade_status;
mod trade_status_sync;
mod verify;

pub use answer::{
    AnswerError, CertificateAnswer, CloseAnswer, MAX_ANSWER, NotifyVerifyAnswer, QueryAnswer,
    RefundAnswer, RefundQueryAnswer, TRADE_NOT_EXIST, TimestampAnswer,
};
pub use batch_refund::{BankReturn, BankReturnState, BatchRefundItem, BatchRefundNotify, FeeLeg};
pub use canonical::{Rule, canonical};
pub use certificate::{Certificate, CertificateError, CertificateState, RootCertificates};
pub use charset::{Charset, CharsetError};
pub use form::{Form, FormError, MAX_PARAMETERS};
pub use key_error::KeyError;
pub use md5::{Md5Key, md5_sign};
pub use message_service::{DepositBack, DepositBackStatus, order_in_biz_content, order_in_form};
pub use money::{Fen, MoneyError};
pub use notification::{Notification, Unreadable};
pub use notification_form::{NotANotification, SecondReading, check_names, check_notification};
pub use parameters::check_number;
pub use percent::ascii_form;
pub use private_key::PrivateKey;
pub use protocol::Protocol;
pub use public_key::PublicKey;
pub use reading::{Reading, readings, without_parameters};
pub use recipient::{RecipientAccount, check_recipient};
pub use request::{
    Application, CertificateDownload, NotifyVerify, Payment, PlatformRefund, PlatformRefundItem,
    QueryTimestamp, RefundQuery, RequestError, TradeClose, TradeQuery, TradeRef, TradeRefund,
    can_be_cut, link, submit_page,
};
pub use result_details::{ItemProblem, ResultDetailsError};
pub use return_url::{is_return, returned_order};
pub use sign::Signer;
pub use sign_type::SignType;
pub use signature_error::SignatureError;
pub use time::{BEIJING, TimeError, format_beijing, parse_beijing};
pub use trade_status::{RefundStatus, TradeStatus};
pub use trade_status_sync::{Parties, TradeStatusSync};
pub use verify::{KeyMark, OldKey, RetiredKey, Verified, Verifier};

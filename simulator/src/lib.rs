//! A stand-in for Alipay: it keeps trades and sends signed notifications about them.
//!
//! Alipay cannot be run on a laptop, and its sandbox neither repeats a notification on demand nor
//! sends one twice, late or in the wrong order. This crate does.
//!
//! A [`MerchantIdentity`] is whom Alipay notifies. A [`AlipayTrade`] is one payment as Alipay keeps it; each step
//! of it ([`AlipayTrade::pay`], [`AlipayTrade::refund`], [`AlipayTrade::close`], ...) returns the [`UnsignedNotification`]
//! that Alipay would send, with the parameters of that protocol in the order in which they are
//! seen on the wire. [`UnsignedNotification::sign`] makes the [`SignedNotification`], whose body can be
//! POSTed; [`SignedNotification::at`] is the same notification, repeated later. A [`Sender`]
//! delivers it and repeats it on Alipay's [`RepeatSchedule`] until it reads exactly `success`, and tells of
//! every [`Attempt`].
//!
//! What can go wrong on the way is a [`Fault`]; [`Faults`] draws which notification is hit, and
//! [`Writing`] is how a body is put on the wire. A [`Storm`] sends very many notifications at a fixed rate and keeps
//! a ledger of which ones were answered `success`. [`TradeFile`] remembers trades between two runs
//! of the program, [`KeyPair`] makes the keys that Alipay signs with, an [`Authority`] the
//! certificates of its certificate mode.
//!
//! A [`SimulatorServer`] is Alipay over HTTP: the gateway of both protocols, the cashier, and pages that show
//! what was sent. It answers for [`Account`]s, made from the merchants' own configuration, about
//! the trades of a [`TradeStore`].
//!
//! ```
//! use alipay::{Fen, Md5Key, Signer};
//! use simulator::{AlipayTrade, MerchantIdentity};
//!
//! let now = chrono::Utc::now();
//! let shop = MerchantIdentity::mapi("2088101568338364");
//! let mut trade = AlipayTrade::open(&shop, "A100", Fen::new(10_00), now);
//! let signed = trade.pay(now)?.sign(&Signer::Md5(Md5Key::new("secret")))?;
//! assert_eq!(signed.form().get("total_fee"), Some(b"10.00".as_slice()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod attempt;
mod certificate_mode;
mod certificates;
mod clock;
mod fault;
mod faults;
mod keys;
mod mapi;
mod merchant;
mod notification;
mod openapi;
mod repeat_schedule;
mod sender;
mod serve;
mod signed_notification;
mod storm;
mod time_limit;
mod trade;
mod trade_file;
mod trust;
mod writing;

pub use account::{Account, AccountError, Demands};
pub use attempt::{Attempt, AttemptFailure, Delivery};
pub use certificates::{Authority, IssuedCertificate, ValidTime, write_certificates};
pub use clock::Clock;
pub use fault::{Fault, UnknownFault};
pub use faults::Faults;
pub use keys::{KeyFiles, KeyPair, KeysError, read_private_key};
pub use mapi::BatchRefundLine;
pub use merchant::MerchantIdentity;
pub use notification::{NotificationKind, UnsignedNotification};
pub use repeat_schedule::RepeatSchedule;
pub use sender::Sender;
pub use serve::{
    GatewayFaults, PageGuard, SendSettings, ServeSettings, SimulatorServer, TradeStore,
};
pub use signed_notification::{SignError, SignedNotification};
pub use storm::{
    Latency, LedgerLine, Mix, Storm, StormError, StormFaults, StormProgress, StormSummary,
    UnknownMix, percent,
};
pub use time_limit::TimeLimit;
pub use trade::{AlipayTrade, Buyer, PastRefund, RefundNotifications, Status, TradeError};
pub use trade_file::{KeptTrade, PayLinkUrls, TradeFile, TradeFileError, Trades};
pub use trust::{Trust, TrustError};
pub use writing::Writing;

//! The `notify_verify` query of the legacy gateway: did it send this notification?
//!
//! It is asked after the signature was checked, and before the notification is answered: the gateway
//! forgets an id when its notification was answered `success`.

use std::sync::Arc;
use std::time::Duration;

use alipay::NotifyVerifyAnswer;
use config::{Config, Merchant, NotifyVerifyPolicy};
use gateway::{Gateway, GatewayError};
use metrics::counter;
use parking_lot::Mutex;
use service::{metric, trace};
use tokio::sync::Semaphore;

use crate::Refusal;
use crate::notify::VerifiedNotification;
use crate::recent_ids::RecentIds;

/// Confirmed ids that are remembered. A repeat comes after minutes or hours.
const MAX_REMEMBERED: usize = 10_000;

/// Asks the gateways about notifications; shared by all requests.
pub(crate) struct NotifyVerifier {
    gateway: Gateway,
    genuine: Mutex<RecentIds>,
    /// Slots for queries: a slow gateway must not take all slots of notifications.
    slots: Arc<Semaphore>,
}

/// What the gateway says of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VerifyReply {
    /// The gateway answered `true` to this process before.
    Remembered,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `invalid`.
    Invalid,
    /// No answer that can be used, or there was no slot for the query.
    NoAnswer(&'static str),
}

impl NotifyVerifier {
    /// Queries take `timeout` at most, and only so many are asked at one time.
    pub(crate) fn new(timeout: Duration, at_once: usize) -> NotifyVerifier {
        NotifyVerifier {
            gateway: Gateway::new(timeout),
            genuine: Mutex::new(RecentIds::new(MAX_REMEMBERED)),
            slots: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Checks a verified notification as far as the merchant's configuration wants it, and one that could
    /// be any merchant's in any case.
    ///
    /// # Errors
    /// A notification without an id, which Alipay does not send; one that the gateway denies; with
    /// `required`, one that the gateway does not confirm now.
    pub(crate) async fn check(
        self: &Arc<Self>,
        config: &Arc<Config>,
        merchant: &Merchant,
        notification: &VerifiedNotification,
    ) -> Result<(), Refusal> {
        let required = match merchant.notify_verify {
            _ if notification.must_be_confirmed => true,
            NotifyVerifyPolicy::Off => return Ok(()),
            NotifyVerifyPolicy::BestEffort => false,
            NotifyVerifyPolicy::Required => true,
        };
        let form = &notification.form;
        let id = form.get("notify_id").filter(|id| !id.is_empty()).ok_or(Refusal::NoNotifyId)?;
        let reply = self.look_or_ask(config, merchant, id).await;
        let (answer, result) = match reply {
            VerifyReply::Remembered => ("remembered", Ok(())),
            VerifyReply::True => ("true", Ok(())),
            VerifyReply::False => ("false", Err(Refusal::NotifyVerifyFalse)),
            VerifyReply::Invalid => ("invalid", Err(Refusal::NotifyVerifyInvalid)),
            VerifyReply::NoAnswer(why) if required => {
                ("none", Err(Refusal::NotifyVerifyNoAnswer { why }))
            }
            VerifyReply::NoAnswer(_) => ("none", Ok(())),
        };
        counter!(
            metric::INGRESS_NOTIFY_VERIFY,
            "merchant" => merchant.name.clone(), "answer" => answer
        )
        .increment(1);
        result
    }

    /// Asks unless the answer is remembered. A repeat of what this process was told `true` about is
    /// genuine whatever the gateway would say now: it may have forgotten the id by then.
    async fn look_or_ask(
        self: &Arc<Self>,
        config: &Arc<Config>,
        merchant: &Merchant,
        id: &[u8],
    ) -> VerifyReply {
        if self.is_remembered(merchant, id) {
            return VerifyReply::Remembered;
        }
        let Ok(place) = Arc::clone(&self.slots).try_acquire_owned() else {
            tracing::warn!(merchant = merchant.name, "too many queries to the gateway at once");
            return VerifyReply::NoAnswer("too_many_questions");
        };
        let (this, config) = (Arc::clone(self), Arc::clone(config));
        let (name, id) = (merchant.name.clone(), id.to_vec());
        // A task of its own: when Alipay hangs up meanwhile this request is dropped, and an answer
        // that comes only once must not be lost with it.
        let asking = tokio::spawn(trace::carry_out(trace::current(), async move {
            let _place = place;
            match config.merchant(&name) {
                Some(merchant) => this.ask(merchant, &id).await,
                None => VerifyReply::NoAnswer("no_such_merchant"),
            }
        }));
        asking.await.unwrap_or(VerifyReply::NoAnswer("panic"))
    }

    async fn ask(&self, merchant: &Merchant, id: &[u8]) -> VerifyReply {
        match self.gateway.notify_verify(merchant, id).await {
            Ok(NotifyVerifyAnswer::Genuine) => {
                let mut genuine = self.genuine.lock();
                genuine.add(&merchant.name, id);
                VerifyReply::True
            }
            // The same notification twice at once, and the gateway answers one query for an id.
            Ok(_) if self.is_remembered(merchant, id) => VerifyReply::Remembered,
            Ok(NotifyVerifyAnswer::NotGenuine) => VerifyReply::False,
            Ok(NotifyVerifyAnswer::WrongQuestion) => VerifyReply::Invalid,
            Err(error) => VerifyReply::NoAnswer(no_answer(merchant, &error)),
        }
    }

    fn is_remembered(&self, merchant: &Merchant, id: &[u8]) -> bool {
        let genuine = self.genuine.lock();
        genuine.contains(&merchant.name, id)
    }
}

fn no_answer(merchant: &Merchant, error: &GatewayError) -> &'static str {
    let (merchant, reason) = (&merchant.name, error.reason_code());
    tracing::warn!(merchant, reason, %error, "the gateway did not say whether it sent a notification");
    reason
}

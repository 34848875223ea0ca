//! The inbox proves when an old message was received first.

use alipay::{Form, Rule, canonical};
use chrono::Utc;
use config::Config;
use queue::{Envelope, Headers};
use store::{MysqlConnection, StoreError, notification};

use super::InboundMessage;
use super::verification::MAX_RECEIPT_AGE;

impl InboundMessage {
    /// A message that says an older time of receipt than counts, and that was worked on before, is verified as of
    /// that first time: a dead letter that is replayed after months verifies with the keys of its time. Only the same
    /// text is the same message; repeats differ in `notify_time`.
    ///
    /// # Errors
    /// What the database says.
    pub fn prove_receipt(
        &mut self,
        connection: &mut MysqlConnection,
        headers: &Headers,
        body: &[u8],
        config: &Config,
    ) -> Result<(), StoreError> {
        if Utc::now() - self.received_at < MAX_RECEIPT_AGE {
            return Ok(());
        }
        let (merchant, kind) = (&self.account.merchant, self.kind.as_str());
        let first = notification::first_seen(connection, merchant, kind, &self.message_id)?;
        let same = |form: &str| text(form).is_some_and(|then| text(&self.form) == Some(then));
        if let Some(first) = first.filter(|first| same(&first.form))
            && let Ok(envelope) = Envelope::read(body)
            && let Ok(as_then) =
                InboundMessage::of_envelope(envelope, &self.message_id, config, first.at)
        {
            let trace = self.trace.take();
            *self = as_then.with_headers(headers).in_trace(trace);
        }
        Ok(())
    }
}

/// The content of a form without its `notify_time`.
pub(crate) fn text(form: &str) -> Option<Vec<u8>> {
    let form = Form::parse(form.as_bytes()).ok()?;
    Some(canonical(&form, Rule::Notification, &["notify_time".to_owned()]))
}

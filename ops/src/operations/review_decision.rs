//! A decision about a review: checked, written down, and sent to the workers.

use std::future::Future;

use chrono::Utc;
use config::Config;
use order::{Decision, OperatorAction};
use queue::topology::ShardCount;
use queue::{Cluster, Envelope};
use serde_json::{Value, json};
use store::MysqlConnection;
use store::decision::{self, NewDecision};
use tracing::warn;

use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::await_worker::PreparedMessage;
use crate::operations::publish::ConfirmedPublisher;
use crate::operations::review_case::ReviewCase;

/// What a person decides.
pub(crate) struct ReviewDecision {
    pub(crate) decision: Decision,
    /// The trade that it is about, where several trades paid.
    pub(crate) trade_no: Option<String>,
    /// Who decides.
    pub(crate) by: String,
    /// Why.
    pub(crate) note: String,
}

impl ReviewDecision {
    /// The act, as it is recorded.
    pub(crate) fn act(&self, by: Actor, review: i64) -> Act {
        Act::new(by, OperatorAction::DecideReview, review).because(&self.note)
    }

    /// Checks that it answers the review with this number.
    ///
    /// # Errors
    /// [`Failure::Usage`] where no worker would take it, [`Failure::Refused`] where the review has ended.
    pub(crate) fn check(
        self,
        connection: &mut MysqlConnection,
        config: &Config,
        review: i64,
    ) -> Result<CheckedDecision, Failure> {
        let case = ReviewCase::read(connection, config, review)?;
        case.check(self.decision, self.trade_no.as_deref())?;
        Ok(CheckedDecision {
            decided: self,
            review,
            merchant: case.page.order.row.merchant,
            order: case.row.order_id,
        })
    }
}

/// A decision that answers its review, and is not written down yet.
pub(crate) struct CheckedDecision {
    pub(crate) decided: ReviewDecision,
    review: i64,
    merchant: String,
    pub(crate) order: String,
}

impl CheckedDecision {
    /// What is recorded of it.
    pub(crate) fn as_recorded(&self) -> Value {
        let ReviewDecision { decision, trade_no, .. } = &self.decided;
        json!({ "order": self.order, "decision": decision.as_str(), "trade_no": trade_no })
    }

    /// Writes it down: from now on it is made, and a worker applies it with or without the message that is returned, which
    /// only makes it faster.
    pub(crate) fn write(
        &self,
        connection: &mut MysqlConnection,
        shards: ShardCount,
    ) -> Result<PreparedMessage, Failure> {
        let ReviewDecision { decision, trade_no, by, note } = &self.decided;
        let new = NewDecision {
            review_id: self.review,
            order_id: &self.order,
            trade_no: trade_no.as_deref(),
            decision: decision.as_str(),
            decided_by: by,
            note,
        };
        let number = decision::insert(connection, &new)?;
        let envelope = Envelope::decision(&self.merchant, &self.order, number, Utc::now());
        PreparedMessage::new(&envelope, shards)
    }
}

/// Has a decision written (see [`CheckedDecision::write`]) and publishes its message. Connects to the broker first: without
/// one nothing is decided. `name` is what the broker's tools show.
pub(crate) async fn send(
    cluster: &Cluster,
    name: &str,
    write: impl Future<Output = Result<PreparedMessage, Failure>>,
) -> Result<PreparedMessage, Failure> {
    let publisher = ConfirmedPublisher::open(cluster, name).await?;
    let written = write.await;
    if let Ok(sent) = &written
        && let Err(failure) = publisher.publish(sent.message.clone()).await
    {
        // What is written is decided, also without the message.
        warn!(%failure, "the message to the workers was not confirmed; they look by themselves");
    }
    publisher.close().await;
    written
}

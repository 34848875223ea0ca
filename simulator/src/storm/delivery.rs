//! Sending one notification of a storm until it is answered `success`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::Uri;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::batch::Prepared;
use super::{LedgerLine, Storm};
use crate::sender::later;
use crate::{Attempt, AttemptFailure, Fault, RepeatSchedule, Sender, Writing};

/// What every delivery of a storm shares.
pub(super) struct Way {
    sender: Sender,
    to: Uri,
    schedule: RepeatSchedule,
    cancelled: CancellationToken,
}

/// A delivery that is over.
pub(super) struct DeliveryEnd {
    pub(super) ledger: LedgerLine,
    /// One for each attempt: [`answer_label`].
    pub(super) answers: Vec<String>,
    /// From the intended time of sending to the answer `success`.
    pub(super) latency: Option<Duration>,
}

impl Way {
    pub(super) fn new(storm: &Storm, cancelled: CancellationToken) -> Way {
        Way {
            sender: Sender::new(storm.timeout),
            to: storm.to.clone(),
            schedule: storm.schedule.clone(),
            cancelled,
        }
    }

    /// Sends and repeats. Every attempt holds one permit, waits between attempts hold none.
    pub(super) async fn deliver(
        &self,
        prepared: Prepared,
        intended: Instant,
        mut permit: Option<OwnedSemaphorePermit>,
        permits: &Arc<Semaphore>,
    ) -> DeliveryEnd {
        let Prepared { notification, fault } = prepared;
        let said = notification.notification();
        let mut answers = Vec::new();
        let mut sent_at: Option<DateTime<Utc>> = None;
        let mut success: Option<(DateTime<Utc>, Duration)> = None;
        let mut first_sent = intended;
        let mut body = Bytes::from(notification.body());
        if fault == Some(Fault::Delay) {
            // Waiting holds no permit.
            permit = None;
            self.cancelled.run_until_cancelled(tokio::time::sleep(Fault::delay(fault))).await;
        }
        let mut sender = self.sender.writing(Fault::writing(fault));
        while fault != Some(Fault::Drop) {
            let held = match permit.take() {
                Some(permit) => Some(permit),
                // Never closed; were it, the attempt would go out unlimited, not get lost.
                None => permits.clone().acquire_owned().await.ok(),
            };
            if sent_at.is_none() {
                first_sent = Instant::now();
            }
            let attempt = sender.post(&self.to, body).await;
            drop(held);
            sent_at = sent_at.or(Some(attempt.at));
            answers.push(answer_label(&attempt));
            if attempt.is_success() {
                success = Some((later(attempt.at, attempt.duration), intended.elapsed()));
                break;
            }
            let gap = self.schedule.gap(answers.len(), first_sent.elapsed());
            // A forged notification is not Alipay's to repeat.
            let once = fault.is_some_and(|it| it.is_forgery() || it == Fault::WrongAmount);
            let (false, Some(gap)) = (once, gap) else { break };
            if fault == Some(Fault::HalfBody) {
                sender = sender.writing(Writing::Whole);
            }
            tokio::select! {
                () = tokio::time::sleep(gap) => {}
                () = self.cancelled.cancelled() => break,
            }
            let now = later(said.notify_time, first_sent.elapsed());
            // What was signed once can be signed again.
            let Ok(again) = notification.at(now) else { break };
            body = Bytes::from(again.body());
        }
        let ledger = LedgerLine {
            order: said.out_trade_no.clone(),
            notify_id: said.notify_id.clone(),
            kind: said.kind,
            fault,
            sent_at: sent_at.unwrap_or_else(Utc::now),
            attempts: answers.len() as u64,
            answered_success_at: success.map(|(at, _)| at),
        };
        DeliveryEnd { ledger, answers, latency: success.map(|(_, latency)| latency) }
    }
}

/// An attempt's result in the summary: `200 success`, `503`, `200 other`, `could not connect`.
fn answer_label(attempt: &Attempt) -> String {
    match (attempt.status, attempt.failure) {
        (Some(200), _) if attempt.is_success() => "200 success".to_owned(),
        (Some(200), _) => "200 other".to_owned(),
        (Some(status), _) => status.to_string(),
        (None, failure) => failure.map_or("", AttemptFailure::text).to_owned(),
    }
}

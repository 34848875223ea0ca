//! Asks, compares, publishes, a page of orders at a time.

use std::collections::HashMap;
use std::time::Duration;

use alipay::{QueryAnswer, TradeRef};
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use gateway::{Gateway, GatewayError, VerifiedAnswer};
use indicatif::ProgressBar;
use store::Connection;
use store::user_order::{self, OrderSpan, SpanOrder};
use tokio::sync::Mutex;
use tokio::task::block_in_place;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::report::{DifferingOrder, ReconcileReport, Unanswered};
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::await_worker::PreparedMessage;
use crate::operations::gateway_answer::{AnswerComparison, compare, sent};
use crate::operations::publish::ConfirmedPublisher;
use crate::progress;

/// Orders that are read, compared and published together.
const CHUNK: i64 = 40;

/// Queries that are open at once.
const OPEN: usize = 4;

/// A gateway that leaves so many queries in a row without an answer is given up.
const MAX_FAILURES_IN_A_ROW: usize = 20;

/// A reconciliation on its way.
pub(crate) struct Reconciliation<'a> {
    access: &'a Access,
    span: OrderSpan<'a>,
    gateway: Gateway,
    rate: u32,
    database: Connection,
    progress: ProgressBar,
    failed_in_a_row: usize,
    /// Orders whose answer would be an alarm: our row is read after the answer, and a notification may have come in
    /// between. They are asked about once more at the end.
    suspects: Vec<SpanOrder>,
    report: ReconcileReport,
}

/// Whether it is the first answer about these orders, or the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReconcilePass {
    First,
    Second,
}

/// The pause before orders are asked about once more: what is on its way arrives.
const BEFORE_SECOND: Duration = Duration::from_secs(2);

impl<'a> Reconciliation<'a> {
    pub(crate) fn new(
        access: &'a Access,
        span: OrderSpan<'a>,
        dry_run: bool,
        rate: u32,
    ) -> Result<Reconciliation<'a>, Failure> {
        let mut database = access.database()?;
        let orders = user_order::count_in_span(&mut database, &span)?;
        Ok(Reconciliation {
            access,
            span,
            gateway: access.gateway(),
            rate,
            database,
            progress: progress::bar(usize::try_from(orders).unwrap_or(0), "orders"),
            failed_in_a_row: 0,
            suspects: Vec::new(),
            report: ReconcileReport { dry_run, orders, ..ReconcileReport::default() },
        })
    }

    /// Goes through the span until its end, Ctrl-C, or until the gateway is given up.
    pub(crate) async fn run(mut self) -> Result<ReconcileReport, Failure> {
        let publisher = match self.report.dry_run {
            true => None,
            false => Some(ConfirmedPublisher::open(&self.access.broker()?, "ops reconcile").await?),
        };
        let mut pace = interval(Duration::from_secs(1) / self.rate);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let pace = Mutex::new(pace);
        let walked = self.walk(publisher.as_ref(), &pace).await;
        if let Some(publisher) = publisher {
            publisher.close().await;
        }
        self.progress.finish_and_clear();
        if let Err(failure) = walked {
            // What was published before stays published, so say how far it came.
            self.report.ended_early = Some(failure.to_string());
        }
        Ok(self.report)
    }

    async fn walk(
        &mut self,
        publisher: Option<&ConfirmedPublisher>,
        pace: &Mutex<Interval>,
    ) -> Result<(), Failure> {
        let mut last: Option<SpanOrder> = None;
        loop {
            let orders = block_in_place(|| {
                user_order::in_span(&mut self.database, &self.span, last.as_ref(), CHUNK)
            })?;
            let Some(end) = orders.last().cloned() else { break };
            let answers = self.ask(orders, pace, ReconcilePass::First).await;
            self.compare_and_publish(answers, publisher, ReconcilePass::First).await?;
            if self.report.ended_early.is_some() {
                return Ok(());
            }
            self.report.came_to = Some(end.created_at);
            last = Some(end);
        }
        self.look_again(publisher, pace).await
    }

    /// Asks once more about the orders whose answer would be an alarm. Their rows were read before this query, and are
    /// read again after it: what still contradicts does so at one moment.
    async fn look_again(
        &mut self,
        publisher: Option<&ConfirmedPublisher>,
        pace: &Mutex<Interval>,
    ) -> Result<(), Failure> {
        if self.suspects.is_empty() {
            return Ok(());
        }
        self.progress.set_message("asking once more");
        tokio::time::sleep(BEFORE_SECOND).await;
        let mut suspects = std::mem::take(&mut self.suspects).into_iter().peekable();
        while suspects.peek().is_some() && self.report.ended_early.is_none() {
            let orders: Vec<SpanOrder> =
                suspects.by_ref().take(CHUNK.unsigned_abs() as usize).collect();
            let answers = self.ask(orders, pace, ReconcilePass::Second).await;
            self.compare_and_publish(answers, publisher, ReconcilePass::Second).await?;
        }
        Ok(())
    }

    /// Asks about a page of orders, a few at a time.
    async fn ask(
        &mut self,
        orders: Vec<SpanOrder>,
        pace: &Mutex<Interval>,
        look: ReconcilePass,
    ) -> Vec<(SpanOrder, VerifiedAnswer)> {
        let mut answers = Vec::new();
        let mut wanted = Vec::new();
        for order in orders {
            if self.can_ask(&order.merchant) { wanted.push(order) } else { self.progress.inc(1) }
        }
        let (access, gateway) = (self.access, &self.gateway);
        let questions = iter(wanted).map(async |order| {
            pace.lock().await.tick().await;
            let answered = match access.config.merchant(&order.merchant) {
                Some(merchant) => {
                    Box::pin(gateway.query(merchant, TradeRef::OutTradeNo(&order.id))).await
                }
                None => Err(no_merchant(&order.merchant)),
            };
            (order, answered)
        });
        let mut questions = Box::pin(questions.buffer_unordered(OPEN));
        let mut interrupt = Box::pin(tokio::signal::ctrl_c());
        loop {
            let next = tokio::select! {
                biased;
                _ = &mut interrupt => {
                    self.report.ended_early = Some("interrupted".to_owned());
                    break;
                }
                next = questions.next() => next,
            };
            let Some((order, answered)) = next else { break };
            if look == ReconcilePass::First {
                self.progress.inc(1);
                self.report.asked += 1;
            }
            match answered {
                Ok(answered) => {
                    self.failed_in_a_row = 0;
                    answers.push((order, answered));
                }
                Err(error) => {
                    self.failed_in_a_row += 1;
                    self.report.unanswered.push(Unanswered {
                        order: order.id,
                        merchant: order.merchant,
                        reason: error.reason_code().to_owned(),
                        error: error.to_string(),
                    });
                    if self.failed_in_a_row >= MAX_FAILURES_IN_A_ROW {
                        let why =
                            format!("{MAX_FAILURES_IN_A_ROW} questions in a row without an answer");
                        self.report.ended_early = Some(why);
                        break;
                    }
                }
            }
        }
        answers
    }

    /// Whether the gateway can be queried for this merchant; a merchant that it cannot be queried for is recorded once.
    fn can_ask(&mut self, name: &str) -> bool {
        if !self.report.merchants_left_out.contains_key(name) {
            let can = match self.access.config.merchant(name) {
                Some(merchant) => Gateway::can_ask(merchant),
                None => Err(no_merchant(name)),
            };
            let Err(error) = can else { return true };
            self.report.merchants_left_out.insert(name.to_owned(), error.to_string());
        }
        self.report.orders_left_out += 1;
        false
    }

    async fn compare_and_publish(
        &mut self,
        answers: Vec<(SpanOrder, VerifiedAnswer)>,
        publisher: Option<&ConfirmedPublisher>,
        look: ReconcilePass,
    ) -> Result<(), Failure> {
        let mut compared = Vec::new();
        let mut asked_about = HashMap::new();
        for (asked, answered) in answers {
            let Some(merchant) = self.access.config.merchant(&asked.merchant) else { continue };
            let message = sent(merchant, &asked.id, &answered, self.access.layout().shards)?;
            let row = block_in_place(|| user_order::find(&mut self.database, &asked.id))?;
            asked_about.insert(asked.id.clone(), asked);
            compared.extend(row.map(|row| (row, answered.answer, message)));
        }
        let results =
            block_in_place(|| compare(&mut self.database, &self.access.config, &compared))?;
        let mut differ = Vec::new();
        let mut messages = Vec::new();
        for ((row, answer, message), compared) in compared.into_iter().zip(results) {
            if compared.comparison == AnswerComparison::Same {
                self.report.same += 1;
                self.report.not_begun += usize::from(answer == QueryAnswer::NotExist);
                continue;
            }
            if look == ReconcilePass::First
                && is_alarm(compared.comparison, publisher.is_some())
                && let Some(asked) = asked_about.remove(&row.id)
            {
                self.suspects.push(asked);
                continue;
            }
            // An order that a worker holds is not compared: its answer is published in any case, and
            // changes nothing where it says nothing new.
            let news =
                matches!(compared.comparison, AnswerComparison::News | AnswerComparison::Busy);
            messages.push(if news { publisher.map(|_| message) } else { None });
            let (order, merchant) = (row.id, row.merchant);
            differ.push(DifferingOrder { order, merchant, compared, published: false });
        }
        let published = match publisher {
            Some(publisher) => self.publish(publisher, &mut differ, messages).await,
            None => Ok(()),
        };
        self.report.differ.append(&mut differ);
        published
    }

    async fn publish(
        &mut self,
        publisher: &ConfirmedPublisher,
        differ: &mut [DifferingOrder],
        messages: Vec<Option<PreparedMessage>>,
    ) -> Result<(), Failure> {
        for message in messages.iter().flatten() {
            block_in_place(|| message.write_down(&mut self.database))?;
        }
        let (at, messages): (Vec<usize>, Vec<_>) = messages
            .into_iter()
            .enumerate()
            .filter_map(|(at, sent)| Some((at, sent?.message)))
            .unzip();
        let mut refused = None;
        for (at, result) in at.into_iter().zip(publisher.publish_all(messages).await) {
            match result {
                Ok(()) => {
                    differ[at].published = true;
                    self.report.published += 1;
                }
                Err(error) => refused = Some(error),
            }
        }
        refused.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Whether a comparison ends the program with another code than 0, where it stands.
fn is_alarm(comparison: AnswerComparison, publishes: bool) -> bool {
    match comparison {
        AnswerComparison::Same => false,
        // Published, it is no alarm.
        AnswerComparison::News | AnswerComparison::Busy => !publishes,
        AnswerComparison::Disagrees | AnswerComparison::UnknownThere => true,
    }
}

fn no_merchant(name: &str) -> GatewayError {
    GatewayError::NoKey { merchant: name.to_owned(), key: "protocol" }
}

//! Looks at rows and admin endpoints, again and again.

use std::net::SocketAddr;
use std::time::Duration;

use config::Config;
use hyper::StatusCode;
use service::metric;
use store::activity::{Activity, ActivityMark};
use store::{MysqlConnection, activity};
use tokio::time::timeout;
use worker::batch::Outcome;

use super::history::{Sample, SilentSource};
use crate::failure::Failure;
use crate::operations::admin_endpoint;
use crate::operations::metric_text::counters;

/// Between two looks.
pub(crate) const SAMPLE_TIME: Duration = Duration::from_secs(5);

/// How long an endpoint may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// What is remembered from one look to the next.
pub(crate) struct Sampler {
    mark: Option<ActivityMark>,
    ingress: Endpoint<Answers>,
    worker: Endpoint<u64>,
    /// How long no worker has finished a message although an ingress has taken some.
    stuck: Duration,
}

/// One program, and what its counters said the last time.
struct Endpoint<T> {
    program: &'static str,
    address: Option<SocketAddr>,
    latest: Option<T>,
}

/// Notifications that an ingress has answered since its start.
#[derive(Clone, Copy, Default)]
struct Answers {
    success: u64,
    other: u64,
}

/// What rows say since the mark, and the next mark.
pub(crate) type RowsLook = (ActivityMark, Option<Activity>);

impl Sampler {
    pub(crate) fn new(config: &Config) -> Sampler {
        let known = |address: Option<SocketAddr>| address.filter(|address| address.port() != 0);
        Sampler {
            mark: None,
            ingress: Endpoint::new("ingress", known(config.ingress.admin_listen)),
            worker: Endpoint::new("worker", known(config.worker.admin_listen)),
            stuck: Duration::ZERO,
        }
    }

    /// Up to where rows have been read.
    pub(crate) fn mark(&self) -> Option<ActivityMark> {
        self.mark
    }

    /// Asks both endpoints and adds what the rows say. The second part is who did not answer.
    pub(crate) async fn take(
        &mut self,
        rows: Result<RowsLook, Failure>,
    ) -> (Sample, Vec<SilentSource>) {
        let mut silent = Vec::new();
        let (ingress, worker) = tokio::join!(self.ingress.ask(), self.worker.ask());
        let mut sample = Sample::default();
        match ingress {
            Ok(text) => {
                let now = answers(&text);
                if let Some(before) = self.ingress.latest.replace(now) {
                    sample.received = Some(grown(before.success, now.success));
                    sample.refused = Some(grown(before.other, now.other));
                }
            }
            Err(why) => {
                self.ingress.latest = None;
                silent.push(why);
            }
        }
        match worker {
            Ok(text) => {
                let now = retries(&text);
                if let Some(before) = self.worker.latest.replace(now) {
                    sample.retries = Some(grown(before, now));
                }
            }
            Err(why) => {
                self.worker.latest = None;
                silent.push(why);
            }
        }
        match rows {
            Ok((mark, activity)) => {
                self.mark = Some(mark);
                if let Some(activity) = activity {
                    self.add_rows(&mut sample, activity);
                }
            }
            Err(failure) => {
                self.mark = None;
                silent.push(SilentSource::Rows { why: failure.to_string() });
            }
        }
        (sample, silent)
    }

    fn add_rows(&mut self, sample: &mut Sample, activity: Activity) {
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
        sample.delivered = Some(whole(activity.delivered));
        sample.dead_letters = Some(whole(activity.dead_letters));
        let milliseconds = |delay: &i64| u32::try_from(*delay).unwrap_or(u32::MAX);
        sample.delays = activity.delays.iter().map(milliseconds).collect();
        // The latest message tells how long those behind it wait, unless none is finished any more.
        let waiting = self.stuck > Duration::ZERO || sample.received > Some(0);
        self.stuck = match activity.finished {
            0 if waiting => self.stuck + SAMPLE_TIME,
            _ => Duration::ZERO,
        };
        let behind = match activity.finished {
            0 => 0,
            _ => whole(activity.behind.unwrap_or(0)) / 1000,
        };
        sample.backlog_seconds = Some(behind.max(self.stuck.as_secs()));
    }
}

/// What rows say since the mark; only the mark where there was none.
pub(crate) fn look_at_rows(
    connection: &mut MysqlConnection,
    mark: Option<ActivityMark>,
) -> Result<RowsLook, Failure> {
    match mark {
        None => Ok((activity::mark(connection)?, None)),
        Some(mut mark) => {
            let activity = activity::since(connection, &mut mark)?;
            Ok((mark, Some(activity)))
        }
    }
}

impl<T> Endpoint<T> {
    fn new(program: &'static str, address: Option<SocketAddr>) -> Endpoint<T> {
        Endpoint { program, address, latest: None }
    }

    /// What it reports, or why that is not known.
    async fn ask(&self) -> Result<String, SilentSource> {
        let program = self.program;
        let Some(address) = self.address else {
            return Err(SilentSource::Off { program });
        };
        let here = admin_endpoint::here(address).to_string();
        let why = match timeout(ANSWER_TIME, admin_endpoint::get(&here, "/metrics")).await {
            Ok(Ok((StatusCode::OK, body))) => {
                return Ok(String::from_utf8_lossy(&body).into_owned());
            }
            Ok(Ok((status, _))) => format!("it answers {status}"),
            Ok(Err(error)) => error,
            Err(_) => "no answer in time".to_owned(),
        };
        Err(SilentSource::Endpoint { program, address, why })
    }
}

fn answers(metrics: &str) -> Answers {
    let mut answers = Answers::default();
    for (labels, count) in counters(metrics, metric::INGRESS_REQUESTS) {
        match labels.get("outcome") {
            Some("success") => answers.success += count,
            _ => answers.other += count,
        }
    }
    answers
}

fn retries(metrics: &str) -> u64 {
    let retried = counters(metrics, metric::WORKER_MESSAGES).filter(|(labels, _)| {
        labels.get("outcome").is_some_and(|word| Outcome::RETRY_WORDS.contains(&word))
    });
    retried.map(|(_, count)| count).sum()
}

/// By how much a counter has grown; a program that was started anew counts from 0.
fn grown(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_added_up_and_survive_a_restart() {
        let metrics = "alipay_ingress_requests_total{merchant=\"a\",outcome=\"success\",reason=\"\"} 7\n\
            alipay_ingress_requests_total{merchant=\"b\",outcome=\"success\",reason=\"\"} 1\n\
            alipay_ingress_requests_total{merchant=\"b\",outcome=\"fail\",reason=\"no_body\"} 3\n\
            alipay_worker_messages_total{outcome=\"retried\"} 5\n\
            alipay_worker_messages_total{outcome=\"refused\"} 2\n\
            alipay_worker_messages_total{outcome=\"done\"} 100\n";
        let Answers { success, other } = answers(metrics);
        assert_eq!((success, other, retries(metrics)), (8, 3, 7));
        assert_eq!((grown(5, 9), grown(9, 4)), (4, 4));
    }
}

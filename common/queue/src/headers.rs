//! The AMQP headers of a message.

use chrono::{DateTime, SecondsFormat, Utc};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use service::trace::TraceContext;

const ATTEMPT: &str = "x-attempt";
const FIRST_SEEN: &str = "x-first-seen";
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const REASON: &str = "x-reason";
const ERROR: &str = "x-error";
const DIED_AT: &str = "x-died-at";
const ORDER: &str = "x-order";
const MERCHANT: &str = "x-merchant";
const WORKER_VERSION: &str = "x-worker-version";
const REPLAYED: &str = "x-replayed";

/// The longest text, in bytes, that is written to one header or taken from one; the rest is cut
/// off. All headers of a message share one AMQP frame of at most 128 KiB.
pub const MAX_HEADER_LENGTH: usize = 1024;

/// The AMQP headers of our messages.
///
/// Only these are read and only these are written: what the broker adds on the way (`x-death` and
/// its relatives) is never copied to the next message, because brokers before 4.0 act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// `x-attempt`: how many retries came before, from 0.
    pub attempt: u32,
    /// `x-first-seen`: when the notification was received first.
    pub first_seen: DateTime<Utc>,
    /// `traceparent`: W3C trace context.
    pub traceparent: Option<String>,
    /// `tracestate`: the same standard's list of what other programs of the trace say.
    pub tracestate: Option<String>,
    /// `x-reason`: the reason code of the retry or of the dead letter.
    pub reason: Option<String>,
    /// `x-error`: the evidence, at most [`MAX_HEADER_LENGTH`] bytes.
    pub error: Option<String>,
    /// `x-died-at`: when it was dead-lettered.
    pub died_at: Option<DateTime<Utc>>,
    /// `x-order`: the order (`out_trade_no`) that a dead letter belongs to.
    pub order: Option<String>,
    /// `x-merchant`: the merchant that a dead letter belongs to.
    pub merchant: Option<String>,
    /// `x-worker-version`: the version of the program that dead-lettered it.
    pub worker_version: Option<String>,
    /// `x-replayed`: it was a dead letter before; if it is rejected again, it becomes a dead letter again.
    pub replayed: bool,
}

impl Headers {
    /// The headers of a message at its first publish.
    pub fn first(first_seen: DateTime<Utc>, traceparent: Option<String>) -> Headers {
        Headers {
            attempt: 0,
            first_seen,
            traceparent,
            tracestate: None,
            reason: None,
            error: None,
            died_at: None,
            order: None,
            merchant: None,
            worker_version: None,
            replayed: false,
        }
    }

    /// The headers of the same message when it is published again: the reason and the evidence of the last time are left out.
    pub(crate) fn next(&self, attempt: u32) -> Headers {
        Headers {
            attempt,
            replayed: self.replayed,
            tracestate: self.tracestate.clone(),
            ..Headers::first(self.first_seen, self.traceparent.clone())
        }
    }

    /// Whether the message was a dead letter before.
    pub fn was_dead(&self) -> bool {
        self.replayed || self.died_at.is_some()
    }

    /// The same as part of this trace.
    #[must_use]
    pub fn in_trace(self, context: &TraceContext) -> Headers {
        let (traceparent, tracestate) = (Some(context.to_string()), context.state());
        Headers { traceparent, tracestate: tracestate.map(str::to_owned), ..self }
    }

    /// The trace that the message belongs to, if what they say of one is valid.
    pub fn trace(&self) -> Option<TraceContext> {
        let context = TraceContext::parse(self.traceparent.as_deref()?)?;
        Some(match &self.tracestate {
            Some(state) => context.with_state(state),
            None => context,
        })
    }

    /// Reads what there is. A missing or unreadable header is no error, since the message must be
    /// handled anyway: no `x-attempt` is 0, no `x-first-seen` is `now`.
    pub fn read(table: &FieldTable, now: DateTime<Utc>) -> Headers {
        let text = |name: &str| table.inner().get(name).and_then(text);
        Headers {
            attempt: table.inner().get(ATTEMPT).and_then(number).unwrap_or(0),
            first_seen: table.inner().get(FIRST_SEEN).and_then(time).unwrap_or(now),
            traceparent: text(TRACEPARENT),
            tracestate: text(TRACESTATE),
            reason: text(REASON),
            error: text(ERROR),
            died_at: table.inner().get(DIED_AT).and_then(time),
            order: text(ORDER),
            merchant: text(MERCHANT),
            worker_version: text(WORKER_VERSION),
            replayed: table.inner().get(REPLAYED).is_some_and(|it| *it == AMQPValue::Boolean(true)),
        }
    }

    /// The table that travels with the message. Times are RFC 3339 text, readable in any tool.
    pub fn to_table(&self) -> FieldTable {
        let mut table = FieldTable::default();
        let mut insert = |name: &'static str, value| {
            table.insert(ShortString::from(name), value);
        };
        insert(ATTEMPT, AMQPValue::LongLongInt(i64::from(self.attempt)));
        insert(FIRST_SEEN, written_time(self.first_seen));
        if self.replayed {
            insert(REPLAYED, AMQPValue::Boolean(true));
        }
        if let Some(died_at) = self.died_at {
            insert(DIED_AT, written_time(died_at));
        }
        let texts = [
            (TRACEPARENT, &self.traceparent),
            (TRACESTATE, &self.tracestate),
            (REASON, &self.reason),
            (ERROR, &self.error),
            (ORDER, &self.order),
            (MERCHANT, &self.merchant),
            (WORKER_VERSION, &self.worker_version),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                insert(name, AMQPValue::LongString(bounded(text).into()));
            }
        }
        table
    }
}

fn written_time(time: DateTime<Utc>) -> AMQPValue {
    AMQPValue::LongString(time.to_rfc3339_opts(SecondsFormat::Micros, true).into())
}

/// The text, cut at a character border to [`MAX_HEADER_LENGTH`] bytes.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_HEADER_LENGTH)]
}

fn text(value: &AMQPValue) -> Option<String> {
    let text = match value {
        AMQPValue::LongString(text) => text.to_string(),
        AMQPValue::ShortString(text) => text.to_string(),
        _ => return None,
    };
    Some(bounded(&text).to_owned()).filter(|text| !text.is_empty())
}

fn number(value: &AMQPValue) -> Option<u32> {
    match value {
        AMQPValue::ShortShortInt(number) => u32::try_from(*number).ok(),
        AMQPValue::ShortShortUInt(number) => Some(u32::from(*number)),
        AMQPValue::ShortInt(number) => u32::try_from(*number).ok(),
        AMQPValue::ShortUInt(number) => Some(u32::from(*number)),
        AMQPValue::LongInt(number) => u32::try_from(*number).ok(),
        AMQPValue::LongUInt(number) => Some(*number),
        AMQPValue::LongLongInt(number) => u32::try_from(*number).ok(),
        other => text(other)?.trim().parse().ok(),
    }
}

fn time(value: &AMQPValue) -> Option<DateTime<Utc>> {
    match value {
        AMQPValue::Timestamp(seconds) => {
            i64::try_from(*seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        }
        other => Some(DateTime::parse_from_rfc3339(text(other)?.trim()).ok()?.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Headers, MAX_HEADER_LENGTH};
    use chrono::{DateTime, Utc};
    use lapin::types::{AMQPValue, FieldTable};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn full() -> Headers {
        Headers {
            attempt: 3,
            first_seen: at("2026-11-23T03:41:00.25Z"),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            tracestate: Some("congo=t61rcWkgMzE".into()),
            reason: Some("order_missing".into()),
            error: Some("\u{8ba2}\u{5355} not there".into()),
            died_at: Some(at("2026-11-23T05:00:00Z")),
            order: Some("202611230001".into()),
            merchant: Some("shop".into()),
            worker_version: Some("0.1.0".into()),
            replayed: true,
        }
    }

    #[test]
    fn round_trip() {
        let now = at("2030-01-01T00:00:00Z");
        for headers in [full(), Headers::first(at("2026-11-23T03:41:00Z"), None)] {
            assert_eq!(Headers::read(&headers.to_table(), now), headers);
        }
    }

    #[test]
    fn names() {
        let table = full().to_table();
        let names: Vec<&str> = table.inner().keys().map(|name| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "traceparent",
                "tracestate",
                "x-attempt",
                "x-died-at",
                "x-error",
                "x-first-seen",
                "x-merchant",
                "x-order",
                "x-reason",
                "x-replayed",
                "x-worker-version"
            ]
        );
    }

    #[test]
    fn missing_and_unreadable_headers_are_lenient() {
        let now = at("2026-11-23T03:41:00Z");
        assert_eq!(Headers::read(&FieldTable::default(), now), Headers::first(now, None));

        let mut table = FieldTable::default();
        table.insert("x-attempt".into(), AMQPValue::LongLongInt(-1));
        table.insert("x-first-seen".into(), AMQPValue::LongString("yesterday".into()));
        table.insert("traceparent".into(), AMQPValue::Boolean(true));
        table.insert("x-reason".into(), AMQPValue::LongString("".into()));
        assert_eq!(Headers::read(&table, now), Headers::first(now, None));
    }

    #[test]
    fn a_trace_is_read_from_the_headers_that_carry_it_on() {
        let trace = full().trace().unwrap();
        assert_eq!(trace.state(), Some("congo=t61rcWkgMzE"));
        let first = Headers::first(at("2026-11-23T03:41:00Z"), None);
        assert_eq!(first.clone().in_trace(&trace).trace(), Some(trace));
        assert_eq!(first.trace(), None);
        let hostile = Headers { traceparent: Some("00-trace".into()), ..full() };
        assert_eq!(hostile.trace(), None);
        let hostile = Headers { tracestate: Some("\u{8ba2}".into()), ..full() };
        assert_eq!(hostile.trace().unwrap().state(), None);
    }

    #[test]
    fn reads_what_other_clients_write() {
        let now = at("2030-01-01T00:00:00Z");
        for value in [
            AMQPValue::ShortShortInt(2),
            AMQPValue::ShortShortUInt(2),
            AMQPValue::ShortInt(2),
            AMQPValue::ShortUInt(2),
            AMQPValue::LongInt(2),
            AMQPValue::LongUInt(2),
            AMQPValue::LongLongInt(2),
            AMQPValue::LongString("2".into()),
        ] {
            let mut table = FieldTable::default();
            table.insert("x-attempt".into(), value.clone());
            table.insert("x-first-seen".into(), AMQPValue::Timestamp(1_764_000_000));
            let headers = Headers::read(&table, now);
            assert_eq!(headers.attempt, 2, "{value:?}");
            assert_eq!(headers.first_seen.timestamp(), 1_764_000_000);
        }
    }

    #[test]
    fn texts_are_bounded_at_a_character() {
        let headers = Headers { error: Some("\u{8ba2}".repeat(1000)), ..full() };
        let cut = "\u{8ba2}".repeat(MAX_HEADER_LENGTH / 3);
        let mut table = headers.to_table();
        assert_eq!(table.inner()["x-error"], AMQPValue::LongString(cut.as_str().into()));
        // Another publisher may have written more.
        table.insert("x-error".into(), AMQPValue::LongString(headers.error.unwrap().into()));
        assert_eq!(Headers::read(&table, headers.first_seen).error, Some(cut));
    }
}

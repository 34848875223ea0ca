//! The ids of the trace in each line of the log that is written in one.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::trace::{self, TraceContext};

/// The end of a line, before which the ids are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    Text,
    Json,
}

impl LineEnd {
    /// What ends a line of this format.
    fn mark(self) -> &'static str {
        match self {
            LineEnd::Text => "\n",
            LineEnd::Json => "}\n",
        }
    }

    fn write_ids(self, line: &mut Writer<'_>, context: &TraceContext) -> fmt::Result {
        let (trace_id, span_id) = (context.trace_id(), context.span_id());
        match self {
            LineEnd::Text => write!(line, " trace_id={trace_id:032x} span_id={span_id:016x}"),
            LineEnd::Json => {
                write!(line, r#","trace_id":"{trace_id:032x}","span_id":"{span_id:016x}""#)
            }
        }
    }
}

/// A format of lines, with `trace_id` and `span_id` as the last fields.
pub(super) struct Traced<F> {
    pub(super) format: F,
    pub(super) end: LineEnd,
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(trace) = trace::current() else {
            return self.format.format_event(context, line, event);
        };
        let mut written = String::new();
        self.format.format_event(context, Writer::new(&mut written), event)?;
        let Some(fields) = written.strip_suffix(self.end.mark()) else {
            return line.write_str(&written);
        };
        line.write_str(fields)?;
        self.end.write_ids(&mut line, &trace)?;
        line.write_str(self.end.mark())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of one event outside and one inside a trace, without their times.
    fn lines(is_json: bool) -> Vec<String> {
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer().without_time().with_ansi(false);
        let layer = layer.with_writer(move || writer.clone());
        let log = || {
            tracing::warn!(merchant = "shop", "before");
            let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            trace::within(TraceContext::parse(parent), || tracing::warn!(merchant = "}", "within"));
        };
        let registry = tracing_subscriber::registry();
        if is_json {
            let layer = layer.json().flatten_event(true);
            let layer = layer.map_event_format(|format| Traced { format, end: LineEnd::Json });
            tracing::subscriber::with_default(registry.with(layer), log);
        } else {
            let layer = layer.map_event_format(|format| Traced { format, end: LineEnd::Text });
            tracing::subscriber::with_default(registry.with(layer), log);
        }
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_of_text_ends_with_the_ids_of_its_trace() {
        let target = "WARN service::telemetry::traced::tests";
        let ids = "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7";
        let expected = [
            format!(" {target}: before merchant=\"shop\""),
            format!(" {target}: within merchant=\"}}\" {ids}"),
        ];
        assert_eq!(lines(false), expected);
    }

    #[test]
    fn a_line_of_json_has_the_ids_as_members() {
        let lines: Vec<serde_json::Value> =
            lines(true).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["message"], lines[0].get("trace_id")), (&"before".into(), None));
        assert_eq!((&lines[1]["message"], &lines[1]["merchant"]), (&"within".into(), &"}".into()));
        assert_eq!(lines[1]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(lines[1]["span_id"], "00f067aa0ba902b7");
    }
}

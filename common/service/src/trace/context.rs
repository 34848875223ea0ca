//! W3C Trace Context, level 1: what the headers `traceparent` and `tracestate` say.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

/// The flags that this program knows: sampled, and (level 2) a random trace id. Others are not passed on.
const KNOWN_FLAGS: u8 = 0b11;
const SAMPLED: u8 = 0b01;

/// A longer `tracestate` is dropped; the standard asks for no more.
const LONGEST_STATE: usize = 512;

/// A span that others continue: the trace, the span in it, and whether it is sampled. As text it is a `traceparent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: NonZeroU128,
    span_id: NonZeroU64,
    flags: u8,
    /// What other programs of the trace have to say; passed on as it is.
    state: Option<Arc<str>>,
}

impl TraceContext {
    /// A new trace, sampled.
    pub fn random() -> TraceContext {
        TraceContext {
            trace_id: NonZeroU128::new(rand::random()).unwrap_or(NonZeroU128::MIN),
            span_id: NonZeroU64::new(rand::random()).unwrap_or(NonZeroU64::MIN),
            flags: SAMPLED,
            state: None,
        }
    }

    /// A span by its ids; none where one of them is zero.
    pub(super) fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<TraceContext> {
        Some(TraceContext {
            trace_id: NonZeroU128::new(trace_id)?,
            span_id: NonZeroU64::new(span_id)?,
            flags: flags & KNOWN_FLAGS,
            state: None,
        })
    }

    /// Reads a `traceparent`. What is not exactly one is none: a caller can send anything.
    pub fn parse(traceparent: &str) -> Option<TraceContext> {
        let mut fields = traceparent.splitn(5, '-');
        let mut hex = |digits| fields.next().and_then(|text| number(text, digits));
        let (version, trace_id, span_id, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        // A later version may add fields behind these; 255 is none.
        let is_readable = if version == 0 { fields.next().is_none() } else { version < 255 };
        let (span_id, flags) = (u64::try_from(span_id).ok()?, u8::try_from(flags).ok()?);
        is_readable.then(|| TraceContext::new(trace_id, span_id, flags)).flatten()
    }

    /// The same with a `tracestate`, unless that is empty, too long, or not printable ASCII.
    #[must_use]
    pub fn with_state(self, tracestate: &str) -> TraceContext {
        let is_usable = !tracestate.is_empty()
            && tracestate.len() <= LONGEST_STATE
            && tracestate.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        TraceContext { state: is_usable.then(|| tracestate.into()), ..self }
    }

    /// The header `tracestate`.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The trace.
    pub fn trace_id(&self) -> u128 {
        self.trace_id.get()
    }

    /// The span.
    pub fn span_id(&self) -> u64 {
        self.span_id.get()
    }

    /// The flags of the standard that this program knows.
    pub(super) fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether its spans are recorded.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// As a header `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// A number of so many lower-case hex digits.
fn number(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == digits && text.bytes().all(is_hex))
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    const SAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_and_written() {
        let context = TraceContext::parse(SAMPLE).unwrap();
        assert_eq!(context.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.span_id(), 0x00f0_67aa_0ba9_02b7);
        assert!(context.is_sampled());
        assert_eq!(context.to_string(), SAMPLE);
        let quiet = TraceContext::parse(&SAMPLE.replace("-01", "-02")).unwrap();
        assert!(!quiet.is_sampled());
        assert_eq!(quiet.to_string(), SAMPLE.replace("-01", "-02"));
    }

    #[test]
    fn what_a_later_version_adds_is_left_out() {
        for later in [SAMPLE.replacen("00", "01", 1), SAMPLE.replacen("00", "fe", 1) + "-what-else"]
        {
            assert_eq!(TraceContext::parse(&later).unwrap().to_string(), SAMPLE, "{later}");
        }
        let flags = TraceContext::parse(&SAMPLE.replace("-01", "-f9")).unwrap();
        assert_eq!(flags.to_string(), SAMPLE);
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let zero = |from: &str| SAMPLE.replace(from, &"0".repeat(from.len()));
        for hostile in [
            "",
            "-",
            "00",
            "00---",
            &SAMPLE[..54],
            &format!("{SAMPLE}-"),
            &format!("{SAMPLE}-00"),
            &format!(" {SAMPLE}"),
            &format!("{SAMPLE},{SAMPLE}"),
            &SAMPLE.to_uppercase(),
            &SAMPLE.replacen("00", "ff", 1),
            &SAMPLE.replacen("00", "+0", 1),
            &SAMPLE.replace("-01", "-1"),
            &SAMPLE.replace("-01", "-+1"),
            &SAMPLE.replace('4', "g"),
            &SAMPLE.replace('4', "\u{ff14}"),
            &zero("4bf92f3577b34da6a3ce929d0e0e4736"),
            &zero("00f067aa0ba902b7"),
            &"0".repeat(100_000),
            &"-".repeat(100_000),
        ] {
            let shown = &hostile[..hostile.len().min(80)];
            assert_eq!(TraceContext::parse(hostile), None, "{shown}");
        }
    }

    #[test]
    fn a_new_trace_is_valid_sampled_and_new() {
        let (one, other) = (TraceContext::random(), TraceContext::random());
        assert_eq!(TraceContext::parse(&one.to_string()), Some(one.clone()));
        assert!(one.is_sampled());
        assert_ne!(one.trace_id(), other.trace_id());
    }

    #[test]
    fn a_state_is_passed_on_within_bounds() {
        let state = |text: &str| {
            let context = TraceContext::parse(SAMPLE).unwrap().with_state(text);
            context.state().map(str::to_owned)
        };
        assert_eq!(state("congo=t61,rojo=00").as_deref(), Some("congo=t61,rojo=00"));
        assert_eq!(state(&"x".repeat(512)).map(|it| it.len()), Some(512));
        for hostile in ["", "a=\u{1f4a9}", "a=\0", "a=\r\nb: c", &"x".repeat(513)] {
            assert_eq!(state(hostile), None);
        }
    }
}

//! Exports spans by OTLP, as the standard variables `OTEL_…` say. `docs/tracing.md` lists them.

use std::env;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{error, info, warn};

use super::collector::CollectorClient;
use super::span::TRACER;
use super::span_queue::{CountingExporter, SpanQueue};

/// How long the end of a program waits for its last spans.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// How long one export may take, unless a variable says so.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// The known values of `OTEL_TRACES_SAMPLER`.
const SAMPLERS: &str = "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, \
    parentbased_traceidratio";

/// How many links a span keeps, unless a variable says so: the largest `worker.batch`. The SDK would keep 128.
const MAX_LINKS: u32 = 4096;

/// Why nothing is exported although it is asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error("{variable} is {value}, and this program knows {known}")]
    Unsupported { variable: &'static str, value: String, known: &'static str },
    // Without its value, which may hold a token.
    #[error("{0} is no URL")]
    NoUrl(&'static str),
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// The export of a program's spans, if there is one.
#[derive(Debug)]
#[must_use = "its end sends the last spans"]
pub struct Export(Option<SdkTracerProvider>);

impl Export {
    /// Begins to export where the environment asks for it; else nothing is recorded. What is wrong in the variables is
    /// logged, and no reason not to start. To be called once, within a runtime, which sends the spans.
    pub fn begin(program: &'static str, version: &'static str) -> Export {
        let provider = match is_wanted(variable) {
            Ok(false) => None,
            Ok(true) => provider(program, version).inspect_err(report).ok(),
            Err(unsupported) => {
                report(&unsupported);
                None
            }
        };
        if let Some(provider) = &provider {
            // A second call changes nothing.
            let _ = TRACER.set(provider.tracer("alipay"));
            info!("traces are exported");
        }
        Export(provider)
    }

    /// Sends the last spans, for at most two seconds; blocks.
    pub fn end(self) {
        let Some(provider) = self.0 else { return };
        if provider.shutdown_with_timeout(LAST_EXPORT).is_err() {
            warn!("the last spans were not exported: the collector did not take them in time");
        }
    }
}

fn report(error: &ExportError) {
    error!(%error, "no traces are exported");
}

/// A variable that has a value; the standard takes an empty one as missing.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Of a variable for traces and the general one, the one that counts.
fn first_of(
    names: [&'static str; 2],
    variable: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, variable(name)?)))
}

/// Whether the environment asks for an export that this program can do.
fn is_wanted(variable: impl Fn(&str) -> Option<String>) -> Result<bool, ExportError> {
    if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(false);
    }
    let endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    let endpoint = first_of(endpoints, &variable);
    match variable("OTEL_TRACES_EXPORTER").as_deref() {
        None if endpoint.is_none() => return Ok(false),
        None | Some("otlp") => {}
        Some("none") => return Ok(false),
        Some(other) => {
            let (name, value) = ("OTEL_TRACES_EXPORTER", other.to_owned());
            return Err(ExportError::Unsupported { variable: name, value, known: "otlp, none" });
        }
    }
    let protocols = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
    match first_of(protocols, &variable) {
        Some((name, value)) if value != "http/protobuf" => {
            Err(ExportError::Unsupported { variable: name, value, known: "http/protobuf" })
        }
        _ => match endpoint {
            Some((name, value)) if !is_url(&value) => Err(ExportError::NoUrl(name)),
            _ => Ok(true),
        },
    }
}

fn is_url(text: &str) -> bool {
    text.parse::<hyper::Uri>()
        .is_ok_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")))
}

/// How long one export may take.
fn timeout(variable: impl Fn(&str) -> Option<String>) -> Result<Duration, ExportError> {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
    let Some((name, value)) = first_of(names, variable) else { return Ok(EXPORT_TIMEOUT) };
    match value.parse::<u64>() {
        Ok(milliseconds) if milliseconds > 0 => Ok(Duration::from_millis(milliseconds)),
        _ => Err(ExportError::Unsupported { variable: name, value, known: "milliseconds from 1" }),
    }
}

/// Which traces are recorded. Not left to the SDK, which records everything where it does not understand the variables.
fn sampler(variable: impl Fn(&str) -> Option<String>) -> Result<Sampler, ExportError> {
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    let ratio = || ratio(&variable).map(Sampler::TraceIdRatioBased);
    let Some(value) = variable("OTEL_TRACES_SAMPLER") else {
        return Ok(parent_based(Sampler::AlwaysOn));
    };
    match value.as_str() {
        "always_on" => Ok(Sampler::AlwaysOn),
        "always_off" => Ok(Sampler::AlwaysOff),
        "traceidratio" => ratio(),
        "parentbased_always_on" => Ok(parent_based(Sampler::AlwaysOn)),
        "parentbased_always_off" => Ok(parent_based(Sampler::AlwaysOff)),
        "parentbased_traceidratio" => ratio().map(parent_based),
        _ => {
            let variable = "OTEL_TRACES_SAMPLER";
            Err(ExportError::Unsupported { variable, value, known: SAMPLERS })
        }
    }
}

/// The part of all traces that is recorded. It has no default: who forgets it would record all of them.
fn ratio(variable: impl Fn(&str) -> Option<String>) -> Result<f64, ExportError> {
    let name = "OTEL_TRACES_SAMPLER_ARG";
    let value = variable(name).unwrap_or_else(|| "not set".to_owned());
    match value.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => {
            let known = "a number from 0 to 1";
            Err(ExportError::Unsupported { variable: name, value, known })
        }
    }
}

fn provider(
    program: &'static str,
    version: &'static str,
) -> Result<SdkTracerProvider, ExportError> {
    let sampler = sampler(variable)?;
    let client = CollectorClient::new(timeout(variable)?);
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build()?;
    let exporter = CountingExporter::new(exporter);
    let own = [
        KeyValue::new("service.name", format!("alipay-{program}")),
        KeyValue::new("service.version", version),
    ];
    // What the environment says counts more.
    let mut resource = Resource::builder_empty()
        .with_attributes(own)
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    if let Some(name) = variable("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name(name);
    }
    let mut provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_sampler(sampler)
        .with_span_processor(SpanQueue::new(exporter));
    if variable("OTEL_SPAN_LINK_COUNT_LIMIT").is_none() {
        provider = provider.with_max_links_per_span(MAX_LINKS);
    }
    Ok(provider.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment of these variables.
    fn environment(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    /// The variable that an error names.
    fn named(error: &ExportError) -> String {
        error.to_string().split(' ').next().unwrap().to_owned()
    }

    /// What becomes of these variables: on, off, or the variable that is named.
    fn outcome(variables: &[(&str, &str)]) -> String {
        match is_wanted(environment(variables)) {
            Ok(true) => "on".to_owned(),
            Ok(false) => "off".to_owned(),
            Err(error) => named(&error),
        }
    }

    #[test]
    fn a_sampler_that_is_not_understood_is_an_error() {
        let of = |name: &'static str, argument: Option<&'static str>| {
            let argument = argument.map(|value| ("OTEL_TRACES_SAMPLER_ARG", value));
            let variables: Vec<_> =
                [("OTEL_TRACES_SAMPLER", name)].into_iter().chain(argument).collect();
            sampler(environment(&variables))
        };
        for (name, argument, expected) in [
            ("always_on", None, "AlwaysOn"),
            ("always_off", Some("1%"), "AlwaysOff"),
            ("traceidratio", Some("0"), "TraceIdRatioBased(0.0)"),
            ("traceidratio", Some("1"), "TraceIdRatioBased(1.0)"),
            ("parentbased_always_on", None, "ParentBased(AlwaysOn)"),
            ("parentbased_always_off", None, "ParentBased(AlwaysOff)"),
            ("parentbased_traceidratio", Some("0.01"), "ParentBased(TraceIdRatioBased(0.01))"),
        ] {
            assert_eq!(format!("{:?}", of(name, argument).unwrap()), expected);
        }
        for argument in [None, Some("1%"), Some("0,01"), Some("1.5"), Some("-0.1"), Some("NaN")] {
            for name in ["traceidratio", "parentbased_traceidratio"] {
                let error = of(name, argument).unwrap_err();
                assert_eq!(named(&error), "OTEL_TRACES_SAMPLER_ARG", "{argument:?}");
            }
        }
        for name in ["jaeger_remote", "xray", "ALWAYS_ON"] {
            assert_eq!(named(&of(name, None).unwrap_err()), "OTEL_TRACES_SAMPLER");
        }
        assert_eq!(format!("{:?}", sampler(environment(&[])).unwrap()), "ParentBased(AlwaysOn)");
    }

    #[test]
    fn a_timeout_that_leaves_no_time_is_an_error() {
        let of = |value: &str| timeout(environment(&[("OTEL_EXPORTER_OTLP_TIMEOUT", value)]));
        assert_eq!(timeout(environment(&[])).unwrap(), EXPORT_TIMEOUT);
        assert_eq!(of("1").unwrap(), Duration::from_millis(1));
        for value in ["0", "-1", "10s", "99999999999999999999"] {
            assert_eq!(named(&of(value).unwrap_err()), "OTEL_EXPORTER_OTLP_TIMEOUT", "{value}");
        }
    }

    #[test]
    fn it_is_off_unless_the_environment_asks_for_it() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/v1/traces");
        let exporter = |value| ("OTEL_TRACES_EXPORTER", value);
        let protocol = |value| ("OTEL_EXPORTER_OTLP_PROTOCOL", value);
        let of_traces = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
        for (variables, expected) in [
            (&[][..], "off"),
            (&[endpoint], "on"),
            (&[traces], "on"),
            (&[exporter("otlp")], "on"),
            (&[exporter("none"), endpoint], "off"),
            (&[exporter("zipkin"), endpoint], "OTEL_TRACES_EXPORTER"),
            (&[endpoint, ("OTEL_SDK_DISABLED", "True")], "off"),
            (&[endpoint, ("OTEL_SDK_DISABLED", "1")], "on"),
            (&[endpoint, protocol("http/protobuf")], "on"),
            (&[endpoint, protocol("grpc")], "OTEL_EXPORTER_OTLP_PROTOCOL"),
            (&[endpoint, protocol("grpc"), of_traces], "on"),
            (&[protocol("grpc")], "off"),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")], "OTEL_EXPORTER_OTLP_ENDPOINT"),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://")], "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ] {
            assert_eq!(outcome(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_wrong_endpoint_is_not_repeated() {
        let endpoint = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "t0ken".into());
        assert!(!is_wanted(endpoint).unwrap_err().to_string().contains("t0ken"));
    }
}

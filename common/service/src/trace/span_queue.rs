//! The spans that wait for their export. Their number is bounded: what a collector does not take in time is dropped and
//! counted, so it delays nothing but itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics::counter;
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};

use crate::metric;

/// How many spans wait at most. It replaces `OTEL_BSP_MAX_QUEUE_SIZE`, which the SDK does not show.
const MAX_WAITING: usize = 8192;

fn count(outcome: &'static str, spans: usize) {
    let spans = u64::try_from(spans).unwrap_or(u64::MAX);
    counter!(metric::TRACE_SPANS, "outcome" => outcome).increment(spans);
}

/// The SDK's own queue, with its drops counted.
#[derive(Debug)]
pub(super) struct SpanQueue {
    sdk: BatchSpanProcessor,
    waiting: Arc<AtomicUsize>,
}

impl SpanQueue {
    pub(super) fn new<E: SpanExporter + 'static>(exporter: CountingExporter<E>) -> SpanQueue {
        let waiting = Arc::clone(&exporter.waiting);
        let config = BatchConfigBuilder::default().with_max_queue_size(MAX_WAITING).build();
        let sdk = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        SpanQueue { sdk, waiting }
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.sdk.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING {
            self.sdk.on_end(span);
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.sdk.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.sdk.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sdk.set_resource(resource);
    }
}

/// An exporter that counts what it takes out of the queue, and what became of it.
#[derive(Debug)]
pub(super) struct CountingExporter<E> {
    exporter: E,
    waiting: Arc<AtomicUsize>,
}

impl<E> CountingExporter<E> {
    pub(super) fn new(exporter: E) -> CountingExporter<E> {
        CountingExporter { exporter, waiting: Arc::default() }
    }
}

impl<E: SpanExporter> SpanExporter for CountingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let exported = self.exporter.export(batch).await;
        count(if exported.is_ok() { "exported" } else { "failed" }, spans);
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use metrics_exporter_prometheus::PrometheusBuilder;
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use parking_lot::Mutex;

    use super::*;

    /// Reports each batch, and takes it when it is told to.
    #[derive(Debug)]
    struct Hanging {
        batches: Sender<usize>,
        go_on: Mutex<Receiver<()>>,
    }

    impl SpanExporter for Hanging {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            // Whoever waits for neither is gone.
            let _ = self.batches.send(batch.len());
            let _ = self.go_on.lock().recv();
            Ok(())
        }
    }

    #[test]
    fn what_a_hanging_collector_does_not_take_is_dropped_and_counted() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (batches, batch) = channel();
        let (go, go_on) = channel();
        let exporter = Hanging { batches, go_on: Mutex::new(go_on) };
        let queue = SpanQueue::new(CountingExporter::new(exporter));
        let provider = SdkTracerProvider::builder().with_span_processor(queue).build();
        let tracer = provider.tracer("test");
        metrics::with_local_recorder(&recorder, || {
            // As many as the SDK sends at once; it hangs with them.
            (0..512).for_each(|_| drop(tracer.start("taken")));
            let taken = batch.recv().unwrap();
            // What waits is bounded, however long it hangs.
            (0..MAX_WAITING + 100).for_each(|_| drop(tracer.start("waits or is dropped")));
            let left = 512 - taken;
            let dropped = format!("{}{{outcome=\"dropped\"}} {}", metric::TRACE_SPANS, 100 + left);
            let text = recorder.handle().render();
            assert!(text.contains(&dropped), "{dropped}: {text}");
        });
        drop(go);
        assert!(provider.shutdown_with_timeout(Duration::from_secs(30)).is_ok());
        let exported: usize = taken_after(&batch);
        assert_eq!(exported, MAX_WAITING, "all that waited came in the end");
    }

    fn taken_after(batch: &Receiver<usize>) -> usize {
        batch.try_iter().sum()
    }
}

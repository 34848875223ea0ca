//! The metrics of all programs: name, kind and meaning, which `/metrics` shows. `docs/metrics.md` says more of each; a test
//! compares it with this list.
//!
//! Names follow Prometheus: the prefix `alipay_`, the program, base units (seconds, bytes), `_total` for counters. `process_…`
//! comes from the crate `metrics-process`.

/// What a metric does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by buckets.
    Histogram,
}

/// A metric that a program reports.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub kind: MetricKind,
    /// One line about it.
    pub help: &'static str,
}

/// Makes a constant of each name, and the list of all.
macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// All of them.
        pub const ALL: &[Metric] =
            &[$(Metric { name: $name, kind: MetricKind::$kind, help: $help },)+];
    };
}

metrics! {
    BUILD_INFO = Gauge "alipay_build_info" "Always 1; the labels say which program and version runs.";
    TOKIO_WORKERS = Gauge "alipay_tokio_workers" "Threads that run tasks.";
    TOKIO_TASKS = Gauge "alipay_tokio_alive_tasks" "Tasks that have not ended.";
    TOKIO_QUEUE = Gauge "alipay_tokio_global_queue_depth" "Tasks that wait for a thread.";
    TRACE_SPANS = Counter "alipay_trace_spans_total" "Spans of the exported traces, by outcome.";
    CONFIG_RELOADS = Counter "alipay_config_reloads_total" "SIGHUP, by outcome.";
    CERTIFICATE_END = Gauge "alipay_certificate_first_end_timestamp_seconds" "When the first configured certificate expires, Unix time.";

    QUEUE_CONNECTIONS = Counter "alipay_queue_connections_total" "Connections to the broker that were opened, by name.";
    QUEUE_PUBLISHED = Counter "alipay_queue_published_total" "Messages that were published, by the broker's answer.";
    QUEUE_PUBLISHER_READY = Gauge "alipay_queue_publisher_ready" "1 while every lane can publish.";

    INGRESS_REQUESTS = Counter "alipay_ingress_requests_total" "Notifications answered.";
    INGRESS_REQUEST_SECONDS = Histogram "alipay_ingress_request_seconds" "From the end of a request's headers to the answer.";
    INGRESS_CONFIRM_SECONDS = Histogram "alipay_ingress_confirm_seconds" "From publishing to the broker's answer.";
    INGRESS_IN_FLIGHT = Gauge "alipay_ingress_in_flight" "Requests that wait for the gateway or the broker.";
    INGRESS_CONNECTIONS = Gauge "alipay_ingress_connections" "Open connections.";
    INGRESS_CONNECTIONS_CLOSED = Counter "alipay_ingress_connections_closed_total" "Connections closed to make room, by the limit.";
    INGRESS_BODY_BYTES = Gauge "alipay_ingress_body_bytes" "Bytes of bodies in memory.";
    INGRESS_RETURNS = Counter "alipay_ingress_returns_total" "Buyers at the return URL.";
    INGRESS_NOTIFY_VERIFY = Counter "alipay_ingress_notify_verify_total" "Answers of the gateway about notifications.";
    INGRESS_UNKNOWN_PATHS = Counter "alipay_ingress_unknown_paths_total" "POSTs to unknown paths below /alipay/.";
    INGRESS_PANICS = Counter "alipay_ingress_panics_total" "Requests whose handler panicked.";

    WORKER_MESSAGES = Counter "alipay_worker_messages_total" "Messages that have ended, by outcome.";
    WORKER_SUCCESS_TO_COMMIT = Histogram "alipay_worker_success_to_commit_seconds" "From the receipt of a notification by an ingress to the commit of the order's state and goods.";
    WORKER_NOTIFY_LAG = Histogram "alipay_worker_notify_lag_seconds" "From the notify_time of a notification to its receipt by an ingress.";
    WORKER_OLDEST_MESSAGE = Gauge "alipay_worker_oldest_message_seconds" "How long the longest unfinished messages have been with this worker.";
    WORKER_DEAD_LETTERS = Counter "alipay_worker_dead_letters_total" "New dead letters, by reason.";
    WORKER_HELD_MESSAGES = Gauge "alipay_worker_held_messages" "Messages whose retry or dead letter the broker refuses.";
    WORKER_ACTIVE_PAUSES = Gauge "alipay_worker_active_pauses" "What operators let wait, by scope: everything, merchant, product.";
    WORKER_PAUSED_MESSAGES = Gauge "alipay_worker_paused_messages" "Messages that wait for the end of a pause, by scope.";
    WORKER_RESUMED_MESSAGES = Counter "alipay_worker_resumed_messages_total" "Messages put back into the queue after a pause.";
    WORKER_BATCH_SECONDS = Histogram "alipay_worker_batch_seconds" "From taking a batch to its commit.";
    WORKER_BATCH_MESSAGES = Histogram "alipay_worker_batch_messages" "Messages of a batch.";
    WORKER_BATCH_FAILURES = Counter "alipay_worker_batch_failures_total" "Batches that were repeated.";
    WORKER_BATCH_SPLITS = Counter "alipay_worker_batch_splits_total" "Batches halved to find a message that the database refuses.";
    WORKER_DATABASE_CONNECTIONS = Gauge "alipay_worker_database_connections" "Connections of the pool, by state: idle, used.";
    WORKER_OVERDUE_RETRIES = Gauge "alipay_worker_overdue_retries" "Messages that a retry tier should have returned, by tier.";
    WORKER_OLDEST_OVERDUE_RETRY = Gauge "alipay_worker_oldest_overdue_retry_seconds" "For how long the oldest of them is overdue.";
    WORKER_UNKNOWN_MERCHANTS = Gauge "alipay_worker_orders_of_unknown_merchants" "Unpaid orders of a merchant that is not configured.";
    WORKER_CLOCK_AHEAD = Gauge "alipay_worker_clock_ahead_seconds" "By how much another clock is ahead of this worker's.";
    WORKER_OPEN_ROWS = Counter "alipay_worker_open_rows_total" "Decisions and expiries applied without their message.";
    WORKER_OPEN_REVIEWS = Gauge "alipay_worker_open_reviews" "Reviews that wait for a person.";
    WORKER_OLDEST_OPEN_REVIEW = Gauge "alipay_worker_oldest_open_review_seconds" "How long the oldest of them has waited.";
    WORKER_AWAITING_STOCK = Gauge "alipay_worker_orders_awaiting_stock" "Paid orders without stock.";
    WORKER_OLDEST_AWAITING_STOCK = Gauge "alipay_worker_oldest_order_awaiting_stock_seconds" "How long the oldest of them has waited.";
    WORKER_RESTOCK_REFUSED = Counter "alipay_worker_restock_refused_total" "Deliveries that the database refused for one order.";
    WORKER_EVENTS = Counter "alipay_worker_events_total" "Events for the shop, by outcome.";
    WORKER_OLDEST_EVENT = Gauge "alipay_worker_oldest_event_seconds" "Age of the oldest event that is not published.";
    WORKER_PRUNED_ROWS = Counter "alipay_worker_pruned_rows_total" "Old rows that were removed, by table.";
    WORKER_NOT_AT_ALIPAY = Counter "alipay_worker_not_at_alipay_total" "Orders that are paid here and not at Alipay.";

    GATEWAY_QUERIES = Counter "alipay_gateway_queries_total" "Queries to the gateway, by outcome.";
    GATEWAY_QUERY_ORDERS = Counter "alipay_gateway_query_orders_total" "Orders for which queries were started, by reason.";
    GATEWAY_CLOSES = Counter "alipay_gateway_closes_total" "Expired orders closed at the gateway, by outcome.";
    LATE_REFUNDS = Counter "alipay_late_refunds_total" "Refunds of late payments, by outcome.";
}

//! Ceilings: what the machine does without us. Each is a part of a path, alone.

use std::convert::Infallible;
use std::time::Instant;

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use indicatif::ProgressBar;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, ConnectionProperties};
use testkit::Program;
use tokio::net::TcpListener;

use crate::load::{self, Latencies};
use crate::system::{BenchSystem, execute};

/// The queue of the broker's ceilings.
const QUEUE: &str = "bench.ceiling";
/// As many messages wait for their confirm as there are connections of the load.
const IN_FLIGHT: usize = 64;
/// As the worker's prefetch.
const PREFETCH: u16 = 256;
/// As a batch of the worker.
const BATCH: usize = 128;

/// A server that reads a body and answers `success`, and nothing else: hyper's own speed.
pub(crate) async fn serve_http() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::say(&format!("bench ready listen={}", listener.local_addr()?));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(|request: Request<Incoming>| async move {
            // A body that breaks off is answered anyway: nobody reads it.
            drop(request.into_body().collect().await);
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"success"))))
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

/// The bare server as a process of its own, and its `HOST:PORT`.
pub(crate) fn start_http() -> anyhow::Result<(Program, String)> {
    let mut program = Program::start("bench", &["serve-http"], &[]);
    let address = program.wait_until_ready().value("listen").to_owned();
    Ok((program, address))
}

/// Publishes every body to a quorum queue and waits for each confirm; the latency is that of a confirm.
#[expect(clippy::disallowed_methods, reason = "the ceiling of the publisher is lapin itself")]
pub(crate) async fn publish(
    system: &BenchSystem,
    bodies: &[Bytes],
    progress: &ProgressBar,
) -> anyhow::Result<Latencies> {
    let channel = channel(system).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/json".into());
    let mut latencies = load::histogram()?;
    let sent = futures_util::stream::iter(bodies).map(|body| {
        let (channel, properties) = (channel.clone(), properties.clone());
        async move {
            let began = Instant::now();
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let confirm = channel
                .basic_publish("".into(), QUEUE.into(), options, body, properties)
                .await?
                .await?;
            ensure!(matches!(confirm, Confirmation::Ack(None)), "not confirmed");
            Ok(began.elapsed())
        }
    });
    let mut confirmed = sent.buffered(IN_FLIGHT);
    while let Some(latency) = confirmed.next().await {
        load::record(&mut latencies, latency?);
        progress.inc(1);
    }
    Ok(latencies)
}

/// Consumes and acknowledges so many messages.
pub(crate) async fn consume(
    system: &BenchSystem,
    count: usize,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let channel = channel(system).await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let mut consumer = channel
        .basic_consume(
            QUEUE.into(),
            "bench".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;
    for number in 1..=count {
        let delivery = consumer.next().await.context("the consumer was cancelled")??;
        // As the worker: one acknowledgement for all of a batch.
        if number % BATCH == 0 || number == count {
            delivery.ack(BasicAckOptions { multiple: true }).await?;
        }
        progress.inc(1);
    }
    Ok(())
}

async fn channel(system: &BenchSystem) -> anyhow::Result<Channel> {
    let properties = ConnectionProperties::default();
    let connection = lapin::Connection::connect(&system.sandbox.amqp_url, properties).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(QUEUE.into(), options, arguments).await?;
    Ok(channel)
}

/// Writes the rows of so many delivered payments in batches, as plain statements of many rows, without reading or
/// locking anything first: what the database needs for the rows alone.
pub(crate) fn write(
    system: &BenchSystem,
    orders: &[String],
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let database = &mut *system.database()?;
    // About as long as a notification's form.
    let form = "gmt_payment=2026-11-30+09%3A26%3A01&".repeat(26);
    let rows = |ids: &[String], row: &dyn Fn(&String) -> String| {
        ids.iter().map(row).collect::<Vec<_>>().join(",")
    };
    for ids in orders.chunks(BATCH) {
        let notifications = rows(ids, &|id| {
            format!(
                "('rsa2','trade_status',SHA2('{id}',256),'{id}','T{id}','TRADE_SUCCESS','utf-8','{form}','applied','paid',\
                 '{{\"order\":\"{id}\",\"from\":0,\"to\":8}}',0,UTC_TIMESTAMP(6))"
            )
        });
        let trades = rows(ids, &|id| {
            format!(
                "('{id}','T{id}','paid',UTC_TIMESTAMP(6),UTC_TIMESTAMP(6),UTC_TIMESTAMP(6),'seller@example.com',\
                 '2088000000000001','buy***@example.com','2088000000000002')"
            )
        });
        let columns = rows(ids, &|id| {
            format!(
                "('{id}','rsa2','CODE',1000,'T{id}',8,8,UTC_TIMESTAMP(6),UTC_TIMESTAMP(6),'seller@example.com',\
                 '2088000000000001','buy***@example.com','2088000000000002',1)"
            )
        });
        let goods = rows(ids, &|id| format!("('{id}','CODE','delivered',1,1,UTC_TIMESTAMP(6))"));
        execute(database, "BEGIN")?;
        for statement in [
            format!(
                "INSERT INTO trade (order_id, trade_no, facts, gmt_create, gmt_payment, notify_time, seller_email, seller_id, \
                 buyer_email, buyer_id) VALUES {trades}"
            ),
            format!(
                "UPDATE stock_item SET state = 'delivered', order_id = SUBSTRING(code, 2) \
                 WHERE product_id = 'CODE' AND code_hash IN ({})",
                rows(ids, &|id| format!("UNHEX(SHA2('C{id}',256))"))
            ),
            format!(
                "INSERT INTO fulfillment (order_id, product_id, state, units, given, delivered_at) VALUES {goods}"
            ),
            format!(
                "INSERT INTO user_order (id, merchant, product_id, total_fee, trade_no, status, trade_status, notify_dtime, \
                 paid_dtime, seller_email, seller_id, buyer_email, buyer_id, is_send_goods) VALUES {columns} \
                 ON DUPLICATE KEY UPDATE trade_no = VALUES(trade_no), status = VALUES(status), \
                 trade_status = VALUES(trade_status), notify_dtime = VALUES(notify_dtime), paid_dtime = VALUES(paid_dtime), \
                 seller_email = VALUES(seller_email), seller_id = VALUES(seller_id), buyer_email = VALUES(buyer_email), \
                 buyer_id = VALUES(buyer_id), is_send_goods = VALUES(is_send_goods), updated_at = UTC_TIMESTAMP(6)"
            ),
            format!(
                "INSERT INTO notification (merchant, kind, message_id, order_id, trade_no, trade_status, charset, form, \
                 outcome, facts_added, changes, attempts, received_at) VALUES {notifications}"
            ),
            "COMMIT".to_owned(),
        ] {
            execute(database, &statement)?;
        }
        progress.inc(ids.len() as u64);
    }
    Ok(())
}

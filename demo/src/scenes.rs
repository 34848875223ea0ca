//! What is played.

mod workers_away;

use std::time::{Duration, Instant};

use alipay::{Fen, Md5Key, Signer};
use anyhow::Context;
use chrono::{DateTime, Utc};
use hyper::Uri;
use serde_json::Value;
use simulator::{AlipayTrade, MerchantIdentity, Sender, SignedNotification, UnsignedNotification};
use testkit::{Merchants, Pipeline};

use crate::config::MD5_KEY;
use crate::say;
use crate::system::{DemoSystem, QUERY_AFTER};

/// How long the pipeline may take for one scene; the longest waits for a retry of 5 s.
const SCENE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the buyer of scene 12 has to pay.
const EXPIRES_AFTER: &str = "2s";

/// Every order of the demo costs this: 10.00 yuan.
const TOTAL: Fen = Fen::new(1000);

/// The scenes, played one after the other.
pub(crate) struct SceneRunner<'a> {
    system: &'a mut DemoSystem,
    shop: Pipeline,
    sender: Sender,
    legacy: DemoMerchant,
    open: DemoMerchant,
    latencies: Vec<(String, Duration)>,
    failures: Vec<String>,
    /// As they are at Alipay in the end, by merchant.
    trades: Vec<(&'static str, AlipayTrade)>,
}

/// What was played.
pub(crate) struct SceneResults {
    /// Time from `success` to delivery, by order.
    pub(crate) latencies: Vec<(String, Duration)>,
    /// What was not as it should be.
    pub(crate) failures: Vec<String>,
    /// The trades of orders that were paid or closed, by merchant.
    pub(crate) trades: Vec<(&'static str, AlipayTrade)>,
}

/// One merchant as Alipay knows it, and where its notifications go.
struct DemoMerchant {
    name: &'static str,
    merchant: MerchantIdentity,
    signer: Signer,
    to: Uri,
}

impl<'a> SceneRunner<'a> {
    pub(crate) fn new(system: &'a mut DemoSystem) -> anyhow::Result<SceneRunner<'a>> {
        let to = |name: &str| format!("http://{}/alipay/{name}/notify", system.ingress).parse();
        Ok(SceneRunner {
            shop: system.shop.clone(),
            sender: Sender::new(Duration::from_secs(10)),
            legacy: DemoMerchant {
                name: "shop",
                merchant: MerchantIdentity::mapi(Merchants::SELLER_ID),
                signer: Signer::Md5(Md5Key::new(MD5_KEY)),
                to: to("shop")?,
            },
            open: DemoMerchant {
                name: "app",
                merchant: MerchantIdentity::openapi(Merchants::APP_ID, Merchants::SELLER_ID),
                signer: Signer::Rsa2(system.private_key("alipay")?),
                to: to("app")?,
            },
            latencies: Vec::new(),
            failures: Vec::new(),
            trades: Vec::new(),
            system,
        })
    }

    pub(crate) fn end(self) -> SceneResults {
        let SceneRunner { latencies, failures, trades, .. } = self;
        SceneResults { latencies, failures, trades }
    }

    pub(crate) async fn play(&mut self) -> anyhow::Result<()> {
        self.payment_repeated_and_reordered().await?;
        self.full_refund().await?;
        self.partial_refund().await?;
        self.legacy_refund().await?;
        self.unpaid_close().await?;
        self.subscription().await?;
        self.no_stock().await?;
        self.wrong_amount().await?;
        self.forged_signature().await?;
        self.unknown_order().await?;
        self.lost_notification().await?;
        self.expired().await?;
        self.workers_away().await
    }

    async fn payment_repeated_and_reordered(&mut self) -> anyhow::Result<()> {
        say(
            "\n1. A payment, repeated three times, overtaken by its own older state: delivered once",
        );
        self.shop.order("D-PAY", "shop", "CODE")?;
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&self.legacy.merchant, "D-PAY", TOTAL, now);
        let waits = self.legacy.sign(trade.wait(now)?)?;
        let pays = self.legacy.sign(trade.pay(now)?)?;
        let (first, second, third) = (
            self.send(&self.legacy, &pays),
            self.send(&self.legacy, &pays),
            self.send(&self.legacy, &pays),
        );
        let (first, second, third) = tokio::join!(first, second, third);
        say(&format!("   TRADE_SUCCESS, three copies at once → {first}, {second}, {third}"));
        let success = Utc::now();
        say(&format!(
            "   WAIT_BUYER_PAY, late                → {}",
            self.send(&self.legacy, &waits).await
        ));
        self.expect("D-PAY", "delivered, one code", |order| {
            order["status"] == 8
                && codes(order, "delivered") == 1
                && order["story"].as_array().is_some_and(|s| s.len() == 2)
        })
        .await?;
        self.trades.push((self.legacy.name, trade));
        self.time("D-PAY", success)
    }

    async fn full_refund(&mut self) -> anyhow::Result<()> {
        say("\n2. A payment and its full refund: the code is taken back");
        let (mut trade, success) = self.paid("D-REFUND", "CODE").await?;
        self.time("D-REFUND", success)?;
        let refund = trade.refund(TOTAL, Some("R-1"), Utc::now())?;
        self.tell("TRADE_CLOSED, refund_fee 10.00", &self.open, refund.sync).await?;
        self.trades.push((self.open.name, trade));
        self.expect("D-REFUND", "105 refunded, the code is back", |order| {
            order["status"] == 105 && codes(order, "returned") == 1
        })
        .await
    }

    async fn partial_refund(&mut self) -> anyhow::Result<()> {
        say("\n3. A partial refund: nothing is taken back by itself, a person is asked");
        let (mut trade, success) = self.paid("D-PARTIAL", "CODE").await?;
        self.time("D-PARTIAL", success)?;
        let refund = trade.refund(Fen::new(300), Some("R-2"), Utc::now())?;
        self.tell("TRADE_SUCCESS, refund_fee 3.00", &self.open, refund.sync).await?;
        self.trades.push((self.open.name, trade));
        self.expect("D-PARTIAL", "8 paid, 3.00 refunded, in review", |order| {
            order["status"] == 8 && order["refunded_fee"] == 300 && order["needs_review"] == true
        })
        .await
    }

    async fn legacy_refund(&mut self) -> anyhow::Result<()> {
        say("\n4. A refund at the legacy gateway, where the batch overtakes everything");
        self.shop.order("D-BATCH", "shop", "CODE")?;
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&self.legacy.merchant, "D-BATCH", TOTAL, now);
        let pays = trade.pay(now)?;
        let refund = trade.refund(TOTAL, None, now)?;
        let batch = refund.batch.context("the legacy gateway sends a batch")?;
        self.tell("batch_refund_notify, no order number in it", &self.legacy, batch).await?;
        self.tell("TRADE_SUCCESS", &self.legacy, pays).await?;
        self.tell("TRADE_CLOSED, REFUND_SUCCESS, no amount in it", &self.legacy, refund.sync)
            .await?;
        self.trades.push((self.legacy.name, trade));
        self.expect("D-BATCH", "105 refunded, no code is with the buyer", |order| {
            order["status"] == 105 && codes(order, "delivered") == 0
        })
        .await
    }

    async fn unpaid_close(&mut self) -> anyhow::Result<()> {
        say("\n5. Never paid: closed");
        self.shop.order("D-CLOSE", "app", "CODE")?;
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&self.open.merchant, "D-CLOSE", TOTAL, now);
        let waits = trade.wait(now)?;
        let close = trade.close(now)?;
        self.tell("WAIT_BUYER_PAY", &self.open, waits).await?;
        self.tell("TRADE_CLOSED, refund_fee 0.00 (which is no refund)", &self.open, close).await?;
        self.trades.push((self.open.name, trade));
        self.expect("D-CLOSE", "32 closed, nothing delivered", |order| {
            order["status"] == 32 && order["is_finish"] == true && order["is_send_goods"] == false
        })
        .await
    }

    async fn subscription(&mut self) -> anyhow::Result<()> {
        say("\n6. A subscription");
        self.shop.order("D-VIP", "app", "VIP")?;
        let (trade, success) = self.pay("D-VIP").await?;
        self.trades.push((self.open.name, trade));
        self.expect("D-VIP", "30 days for buyer-7", |order| {
            order["is_send_goods"] == true && order["entitlement"]["days"] == 30
        })
        .await?;
        self.time("D-VIP", success)
    }

    async fn no_stock(&mut self) -> anyhow::Result<()> {
        say("\n7. Paid without stock: delivered when stock arrives");
        self.shop.order("D-NOSTOCK", "app", "RARE")?;
        let (trade, _) = self.pay("D-NOSTOCK").await?;
        self.trades.push((self.open.name, trade));
        self.expect("D-NOSTOCK", "8 paid, waiting for stock", |order| {
            order["status"] == 8 && order["fulfillment"]["state"] == "awaiting_stock"
        })
        .await?;
        self.shop.import("RARE", &["RARE-0001".to_owned()])?;
        say("   ops stock import RARE: 1 code");
        self.expect("D-NOSTOCK", "delivered", |order| codes(order, "delivered") == 1).await
    }

    async fn wrong_amount(&mut self) -> anyhow::Result<()> {
        say("\n8. A signed notification with the wrong amount: a dead letter, nothing delivered");
        self.shop.order("D-AMOUNT", "app", "CODE")?;
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&self.open.merchant, "D-AMOUNT", TOTAL, now);
        let wrong = trade.pay(now)?.wrong_amount(Fen::new(1));
        self.tell("TRADE_SUCCESS over 0.01", &self.open, wrong).await?;
        self.expect("D-AMOUNT", "0 placed, rejected: total_mismatch", |order| {
            order["status"] == 0 && order["story"][0]["reason"] == "total_mismatch"
        })
        .await
    }

    async fn forged_signature(&mut self) -> anyhow::Result<()> {
        say("\n9. A forged signature: refused by the ingress");
        self.shop.order("D-FORGED", "app", "CODE")?;
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&self.open.merchant, "D-FORGED", TOTAL, now);
        let forged = self.open.sign(trade.pay(now)?)?.with_spoiled_signature(7)?;
        let answer = self.send(&self.open, &forged).await;
        say(&format!("   TRADE_SUCCESS, one bit of the signature changed → {answer}"));
        if answer != "400 fail" {
            self.failures.push(format!("the forged signature was answered {answer}"));
        }
        self.expect("D-FORGED", "0 placed, no message about it", |order| {
            order["status"] == 0 && order["story"].as_array().is_some_and(Vec::is_empty)
        })
        .await
    }

    async fn unknown_order(&mut self) -> anyhow::Result<()> {
        say("\n10. Paid before the shop has committed its order: retried, then delivered");
        let (trade, _) = self.pay("D-LATE").await?;
        self.trades.push((self.open.name, trade));
        say("   no such order yet: the message waits in alipay.retry.5s");
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.shop.order("D-LATE", "app", "CODE")?;
        say("   the shop commits order D-LATE");
        self.expect("D-LATE", "delivered after a retry", |order| {
            codes(order, "delivered") == 1 && order["story"][0]["attempts"].as_u64() >= Some(1)
        })
        .await
    }

    async fn lost_notification(&mut self) -> anyhow::Result<()> {
        say(
            "\n11. Paid, and every notification is lost: the gateway is asked, and it is delivered",
        );
        self.shop.order("D-LOST", "app", "CODE")?;
        say(&format!("   simulator pay --drop → {}", self.system.pay_and_lose("D-LOST")?));
        say(&format!("   after {QUERY_AFTER} unpaid a worker asks alipay.trade.query"));
        self.expect("D-LOST", "delivered, though no notification came", |order| {
            order["status"] == 8 && codes(order, "delivered") == 1
        })
        .await
    }

    async fn expired(&mut self) -> anyhow::Result<()> {
        say("\n12. The time to pay runs out: closed at Alipay first, and then here");
        let order = ["order", "create", "D-EXPIRED", "--merchant", "app", "--product", "CODE"];
        let limit = ["--quantity", "1", "--expires-after", EXPIRES_AFTER];
        self.shop.ops(&[&order[..], &limit].concat())?;
        let cashier = self.system.open_cashier("D-EXPIRED").await?;
        say("   the buyer opens the pay link and goes away");
        say(&format!("   after {EXPIRES_AFTER} a worker asks alipay.trade.close"));
        self.expect("D-EXPIRED", "32 closed, nothing delivered", |order| {
            order["status"] == 32 && order["is_finish"] == true && order["is_send_goods"] == false
        })
        .await?;
        let late = self.system.press(&format!("{cashier}/pay")).await?;
        say(&format!("   the buyer comes back to pay → {late}, the trade is closed"));
        if late != 409 {
            self.failures.push(format!("a payment after the time was answered {late}"));
        }
        Ok(())
    }

    /// An order on the Open Platform that is paid and delivered.
    async fn paid(
        &mut self,
        id: &str,
        product: &str,
    ) -> anyhow::Result<(AlipayTrade, DateTime<Utc>)> {
        self.shop.order(id, self.open.name, product)?;
        let paid = self.pay(id).await?;
        self.expect(id, "delivered", |order| codes(order, "delivered") == 1).await?;
        Ok(paid)
    }

    /// Pays on the Open Platform; returns the trade and when `success` was read.
    async fn pay(&mut self, id: &str) -> anyhow::Result<(AlipayTrade, DateTime<Utc>)> {
        let now = Utc::now();
        let mut trade = AlipayTrade::open(&self.open.merchant, id, TOTAL, now);
        let pays = trade.pay(now)?;
        self.tell("TRADE_SUCCESS", &self.open, pays).await?;
        Ok((trade, Utc::now()))
    }

    /// Sends a notification that must be answered `success`.
    async fn tell(
        &self,
        what: &str,
        gateway: &DemoMerchant,
        said: UnsignedNotification,
    ) -> anyhow::Result<()> {
        let signed = gateway.sign(said)?;
        let answer = self.send(gateway, &signed).await;
        say(&format!("   {what} → {answer}"));
        anyhow::ensure!(answer == "200 success", "{what} was answered {answer}");
        Ok(())
    }

    async fn send(&self, gateway: &DemoMerchant, signed: &SignedNotification) -> String {
        let attempt = self.sender.post(&gateway.to, signed.body().into()).await;
        match attempt.status {
            Some(status) => format!("{status} {}", attempt.answer),
            None => attempt.told(),
        }
    }

    /// Waits until the order is as it should be.
    async fn expect(
        &mut self,
        id: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<()> {
        let since = Instant::now();
        match self.shop.wait_for_order(id, SCENE_TIMEOUT, holds)? {
            Ok(_) => say(&format!("   ✓ {id}: {what} ({:.1} s)", since.elapsed().as_secs_f32())),
            Err(order) => {
                say(&format!(
                    "   ✗ {id}: not {what} after {} s:\n{order:#}",
                    SCENE_TIMEOUT.as_secs()
                ));
                self.failures.push(format!("{id}: not {what}"));
            }
        }
        Ok(())
    }

    /// Notes the time from `success` to the delivery that the database recorded.
    fn time(&mut self, id: &str, success: DateTime<Utc>) -> anyhow::Result<()> {
        let order = self.shop.show(id)?;
        let delivered = order["fulfillment"]["delivered_at"].as_str().context("no delivered_at")?;
        let delivered = DateTime::parse_from_rfc3339(delivered)?.with_timezone(&Utc);
        // Delivery can overtake the answer's way back to the sender: then it took no time at all.
        let took = (delivered - success).to_std().unwrap_or_default();
        self.latencies.push((id.to_owned(), took));
        Ok(())
    }
}

impl DemoMerchant {
    fn sign(&self, said: UnsignedNotification) -> anyhow::Result<SignedNotification> {
        Ok(said.sign(&self.signer)?)
    }
}

/// How many codes of the order are in this state.
fn codes(order: &Value, state: &str) -> usize {
    let goods = order["goods"].as_array().map_or(&[][..], Vec::as_slice);
    goods.iter().filter(|code| code["state"] == state).count()
}

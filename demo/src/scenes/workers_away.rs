//! A fault that can be seen, and its end.

use std::time::Duration;

use testkit::poll;

use super::{SCENE_TIMEOUT, SceneRunner, codes};
use crate::say;

/// How long the scene leaves its state to be read.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

impl SceneRunner<'_> {
    pub(super) async fn workers_away(&mut self) -> anyhow::Result<()> {
        say(
            "\n13. All workers are killed while buyers pay: nothing is lost, it waits and is delivered",
        );
        let orders = ["D-AWAY-1", "D-AWAY-2", "D-AWAY-3"];
        for order in orders {
            self.shop.order(order, "app", "CODE")?;
        }
        let killed = self.system.kill_workers();
        say(&format!(
            "   {killed} workers killed (SIGKILL); ingress, RabbitMQ and the database go on"
        ));
        for order in orders {
            let (trade, _) = self.pay(order).await?;
            self.trades.push((self.open.name, trade));
        }
        let waiting = self.waiting().await?;
        say(&format!(
            "   ops status: {waiting} notifications wait in the work queue, and no worker takes them"
        ));
        for order in orders {
            let status = &self.shop.show(order)?["status"];
            if status != 0 {
                self.failures.push(format!("{order}: status {status} without a worker"));
            }
        }
        say(
            "   ops order show D-AWAY-1: 0 placed; the buyer has paid, and Alipay has read success",
        );
        tokio::time::sleep(POLL_INTERVAL).await;
        self.system.start_workers(2);
        for order in orders {
            self.expect(order, "delivered, once, after the workers are back", |order| {
                order["status"] == 8 && codes(order, "delivered") == 1
            })
            .await?;
        }
        Ok(())
    }

    /// How many messages are ready in the work queue, once it holds what was sent.
    async fn waiting(&self) -> anyhow::Result<i64> {
        let waiting = || -> anyhow::Result<i64> {
            let status = self.shop.status()?;
            let queues = status["queues"].as_array();
            let work = queues.and_then(|all| all.iter().find(|it| it["name"] == "alipay.notify.0"));
            Ok(work.and_then(|queue| queue["messages"].as_i64()).unwrap_or(0))
        };
        poll(SCENE_TIMEOUT, || match waiting() {
            Ok(messages @ ..3) => Err(Ok(messages)),
            outcome => outcome.map_err(Err),
        })
        .or_else(|last| last)
    }
}

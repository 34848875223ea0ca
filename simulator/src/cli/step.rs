//! The verbs that move one trade.

use std::path::Path;

use alipay::Fen;
use anyhow::bail;
use clap::Args;
use simulator::{KeptTrade, NotificationKind, UnsignedNotification};

use super::DeliveryEnding;
use super::delivery::DeliveryArguments;
use super::order::{OrderArguments, TradeSource, latest};
use super::target::TargetArguments;

/// What every verb takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    order: OrderArguments,
    #[command(flatten)]
    delivery: DeliveryArguments,
}

impl Common {
    async fn run(
        self,
        config: Option<&Path>,
        which: TradeSource,
        again: impl FnOnce(&KeptTrade) -> anyhow::Result<Vec<UnsignedNotification>>,
        step: impl FnOnce(
            &mut simulator::AlipayTrade,
            chrono::DateTime<chrono::Utc>,
        ) -> anyhow::Result<Vec<UnsignedNotification>>,
    ) -> anyhow::Result<DeliveryEnding> {
        let target = self.target.resolve(config)?;
        let whom = (target.name.as_str(), &target.merchant);
        let told = self.order.step(config, whom, &which, again, step)?;
        self.delivery.run(&target, &told, self.order.at()).await
    }
}

#[derive(Debug, Args)]
pub(super) struct Wait {
    #[command(flatten)]
    common: Common,
    /// The order's total, in yuan.
    #[arg(long, value_name = "YUAN", value_parser = super::yuan)]
    total: Fen,
}

impl Wait {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        let again = |kept: &KeptTrade| Ok(latest(kept, &[NotificationKind::Wait]));
        let which = TradeSource::OrOpen(Some(self.total));
        self.common.run(config, which, again, |trade, at| Ok(vec![trade.wait(at)?])).await
    }
}

#[derive(Debug, Args)]
pub(super) struct Pay {
    #[command(flatten)]
    common: Common,
    /// The order's total, in yuan.
    #[arg(long, value_name = "YUAN", value_parser = super::yuan)]
    total: Fen,
    /// The seller's account allows no refunds: TRADE_FINISHED at once.
    #[arg(long)]
    finished: bool,
    /// Pay the order a second time, with another trade.
    #[arg(long)]
    second_trade: bool,
}

impl Pay {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        let which = match self.second_trade {
            true => TradeSource::Another(self.total),
            false => TradeSource::OrOpen(Some(self.total)),
        };
        let again = |kept: &KeptTrade| {
            Ok(latest(kept, &[NotificationKind::Pay, NotificationKind::PayFinished]))
        };
        let finished = self.finished;
        self.common
            .run(config, which, again, |trade, at| {
                Ok(vec![if finished { trade.pay_finished(at)? } else { trade.pay(at)? }])
            })
            .await
    }
}

#[derive(Debug, Args)]
pub(super) struct Refund {
    #[command(flatten)]
    common: Common,
    /// The amount to refund, in yuan [default: all that is left].
    #[arg(long, value_name = "YUAN", value_parser = super::yuan)]
    amount: Option<Fen>,
    /// The merchant's request number of this refund (out_biz_no); the same number repeats the refund.
    #[arg(long, value_name = "NUMBER")]
    request_no: Option<String>,
    /// The legacy gateway's batch number: today's date and 3 to 24 digits or letters.
    #[arg(long, value_name = "NUMBER", conflicts_with = "request_no")]
    batch_no: Option<String>,
    /// Let the refund fail: REFUND_CLOSED.
    #[arg(long, conflicts_with_all = ["amount", "request_no", "batch_no"])]
    closed: bool,
}

impl Refund {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        let which = TradeSource::OrOpen(None);
        if self.closed {
            let again = |_: &KeptTrade| Ok(Vec::new());
            return self
                .common
                .run(config, which, again, |trade, at| Ok(vec![trade.refund_closed(at)?]))
                .await;
        }
        let number = self.request_no.or(self.batch_no);
        let number = number.as_deref();
        self.common
            .run(
                config,
                which,
                |kept| match number {
                    Some(number) => refund_again(kept, number, self.amount),
                    None => Ok(Vec::new()),
                },
                |trade, at| {
                    let amount = self.amount.unwrap_or_else(|| trade.refundable());
                    Ok(trade.refund(amount, number, at)?.into_iter().collect())
                },
            )
            .await
    }
}

/// What was said about the refund with a number, if there was one: Alipay makes no second refund
/// with the same number.
fn refund_again(
    kept: &KeptTrade,
    number: &str,
    amount: Option<Fen>,
) -> anyhow::Result<Vec<UnsignedNotification>> {
    let Some(refund) = kept.trade.refund_of(number) else { return Ok(Vec::new()) };
    if amount.is_some_and(|amount| amount != refund.amount) {
        bail!("refund {number} was over {}; --amount cannot change that", refund.amount);
    }
    let is_it = |said: &&UnsignedNotification| {
        matches!(said.kind, NotificationKind::Refund | NotificationKind::BatchRefund)
            && said.notify_time == refund.gmt_refund
            && said
                .parameter("out_biz_no")
                .or(said.parameter("batch_no"))
                // The legacy gateway's trade_status_sync carries no number.
                .is_none_or(|other| other == number)
    };
    Ok(kept.notifications.iter().filter(is_it).cloned().collect())
}

#[derive(Debug, Args)]
pub(super) struct Close {
    #[command(flatten)]
    common: Common,
    /// The order's total, in yuan; needed if it has no trade yet.
    #[arg(long, value_name = "YUAN", value_parser = super::yuan)]
    total: Option<Fen>,
    /// Close a paid trade, without saying anything about the money.
    #[arg(long)]
    after_payment: bool,
}

impl Close {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        let again = |kept: &KeptTrade| {
            Ok(latest(kept, &[NotificationKind::Close, NotificationKind::CloseAfterPayment]))
        };
        let after_payment = self.after_payment;
        self.common
            .run(config, TradeSource::OrOpen(self.total), again, |trade, at| {
                Ok(vec![match after_payment {
                    true => trade.close_after_payment(at)?,
                    false => trade.close(at)?,
                }])
            })
            .await
    }
}

#[derive(Debug, Args)]
pub(super) struct Finish {
    #[command(flatten)]
    common: Common,
}

impl Finish {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        let again = |kept: &KeptTrade| Ok(latest(kept, &[NotificationKind::Finish]));
        self.common
            .run(config, TradeSource::OrOpen(None), again, |trade, at| Ok(vec![trade.finish(at)?]))
            .await
    }
}

//! Which trade a verb is about, and where trades are kept.

use std::path::{Path, PathBuf};

use alipay::Fen;
use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use simulator::{
    AlipayTrade, KeptTrade, MerchantIdentity, NotificationKind, TradeFile, Trades,
    UnsignedNotification,
};

#[derive(Debug, Args)]
pub(super) struct OrderArguments {
    /// The merchant's order number (out_trade_no).
    #[arg(long, value_name = "ID")]
    order: String,
    /// The trade number, if the order has several trades [default: the latest].
    #[arg(long, value_name = "NUMBER")]
    trade_no: Option<String>,
    /// The file that keeps the trades [default: simulator-trades.json beside the configuration].
    #[arg(long, value_name = "FILE")]
    trades: Option<PathBuf>,
    /// The time of the step, in Beijing time, for example "2026-11-23 12:00:00" [default: now].
    #[arg(long, value_name = "TIME", value_parser = alipay::parse_beijing)]
    at: Option<DateTime<Utc>>,
}

/// How to come by a trade.
pub(super) enum TradeSource {
    /// The order's trade; opened with this total if there is none.
    OrOpen(Option<Fen>),
    /// Another trade of the same order.
    Another(Fen),
}

/// What a verb has to send.
pub(super) struct StepResult {
    pub(super) trade: AlipayTrade,
    /// The verb's notifications.
    pub(super) now: Vec<UnsignedNotification>,
    /// What was said about the trade before, oldest first.
    pub(super) before: Vec<UnsignedNotification>,
}

impl OrderArguments {
    /// When the verb happens.
    pub(super) fn at(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(Utc::now)
    }

    /// Makes a step of the order's trade and keeps it. When `again` finds that the step was made
    /// before, its notifications are repeated instead, as Alipay repeats them.
    pub(super) fn step(
        &self,
        config: Option<&Path>,
        (name, merchant): (&str, &MerchantIdentity),
        which: &TradeSource,
        again: impl FnOnce(&KeptTrade) -> anyhow::Result<Vec<UnsignedNotification>>,
        step: impl FnOnce(&mut AlipayTrade, DateTime<Utc>) -> anyhow::Result<Vec<UnsignedNotification>>,
    ) -> anyhow::Result<StepResult> {
        let file = TradeFile::new(trade_file(self.trades.clone(), config));
        file.update::<_, anyhow::Error>(|trades| {
            let kept = self.find(trades, name, merchant, which)?;
            let repeated = again(kept)?;
            let before = kept.notifications.clone();
            if !repeated.is_empty() {
                let is_old = |old: &UnsignedNotification| {
                    !repeated.iter().any(|new| new.notify_id == old.notify_id)
                };
                let before = before.into_iter().filter(is_old).collect();
                return Ok(StepResult { trade: kept.trade.clone(), now: repeated, before });
            }
            let now = step(&mut kept.trade, self.at())?;
            kept.notifications.extend(now.iter().cloned());
            Ok(StepResult { trade: kept.trade.clone(), now, before })
        })
        .with_context(|| format!("order {}", self.order))
    }

    fn find<'a>(
        &self,
        trades: &'a mut Trades,
        name: &str,
        merchant: &MerchantIdentity,
        which: &TradeSource,
    ) -> anyhow::Result<&'a mut KeptTrade> {
        let kept = trades.of(name, &self.order);
        let open = match which {
            TradeSource::Another(total) => Some(*total),
            TradeSource::OrOpen(Some(total)) if kept.is_empty() => Some(*total),
            TradeSource::OrOpen(None) if kept.is_empty() => {
                bail!("no trade is kept; pay it first, or give --total")
            }
            TradeSource::OrOpen(_) => None,
        };
        if let Some(total) = open {
            let mut trade = AlipayTrade::open(merchant, &self.order, total, self.at());
            if let Some(trade_no) = &self.trade_no {
                trade.trade_no.clone_from(trade_no);
            }
            kept.push(KeptTrade::new(trade));
        }
        let is_it = |kept: &&mut KeptTrade| match &self.trade_no {
            Some(trade_no) => kept.trade.trade_no == *trade_no,
            None => true,
        };
        let Some(kept) = kept.iter_mut().rfind(is_it) else {
            bail!("it has no trade with this --trade-no");
        };
        match which {
            TradeSource::OrOpen(Some(total)) if *total != kept.trade.total => {
                bail!("its trade is over {}; --total cannot change that", kept.trade.total)
            }
            _ => Ok(kept),
        }
    }
}

/// The file named on the command line, else the one beside the configuration.
pub(super) fn trade_file(named: Option<PathBuf>, config: Option<&Path>) -> PathBuf {
    let beside = || config.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    named.unwrap_or_else(|| beside().join("simulator-trades.json"))
}

/// The latest notification of one of these kinds, to be repeated; empty when there is none.
pub(super) fn latest(kept: &KeptTrade, kinds: &[NotificationKind]) -> Vec<UnsignedNotification> {
    let latest = kept.notifications.iter().rfind(|said| kinds.contains(&said.kind));
    latest.cloned().into_iter().collect()
}

//! The overview for a person.

use store::counts::WaitingCount;

use super::findings;
use crate::cli::table::table;
use crate::cli::terminal;
use crate::operations::order::status_name::status_chinese;
use crate::operations::overview::Overview;
use crate::plural::count;
use crate::text::or_empty;

impl Overview {
    /// The verdict, and the figures below it.
    pub(super) fn text(&self) -> String {
        terminal::folded(&format!("{}\n\n{}", findings::text(&self.verdict), self.figures()))
    }

    /// The figures alone, the most important first.
    pub(super) fn figures(&self) -> String {
        let parts = [
            self.rates_text(),
            self.queues_text(),
            self.waiting_text(),
            self.dead_letters_text(),
            self.orders_text(),
            self.low_stock_text(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }

    fn rates_text(&self) -> Option<String> {
        let work = self.work.as_ref()?;
        let behind = work.behind_milliseconds.map_or_else(
            || "no message yet".to_owned(),
            |milliseconds| {
                let (seconds, rest) = (milliseconds / 1000, milliseconds.unsigned_abs() % 1000);
                let at = or_empty(work.latest.as_ref());
                format!("the message of {at} had been waiting {seconds}.{rest:03} s")
            },
        );
        let mut lines = vec![format!("last worked on: {behind}")];
        if let Some(rates) = &self.rates {
            lines.push(format!(
                "in a minute: {} placed, {} paid or ended, {} worked on, {}",
                count(rates.orders, "order"),
                rates.progressed,
                count(rates.messages, "message"),
                count(rates.events, "event")
            ));
        }
        Some(lines.join("\n"))
    }

    fn orders_text(&self) -> Option<String> {
        let rows = self.orders.as_ref()?.iter().map(|count| {
            [
                count.orders.to_string(),
                format!("{} {}", count.status, count.status_name),
                status_chinese(count.status).to_owned(),
            ]
        });
        Some(table(["orders", "status", ""], rows))
    }

    fn queues_text(&self) -> Option<String> {
        let rows = self.queues.as_ref()?.iter().map(|queue| {
            let missing = || "missing: run ops topology apply".to_owned();
            let messages = queue.messages.map_or_else(missing, |count| count.to_string());
            let booked = self.retries.iter().flatten().find(|tier| tier.tier == queue.name);
            [
                queue.name.clone(),
                messages,
                or_empty(queue.ready.as_ref()),
                or_empty(queue.consumers.as_ref()),
                or_empty(booked.map(|tier| tier.copies).as_ref()),
                or_empty(booked.map(|tier| tier.overdue).filter(|overdue| *overdue > 0).as_ref()),
            ]
        });
        let header = ["queue", "messages", "ready", "consumers", "sent for a retry", "overdue"];
        let queues = table(header, rows);
        Some(match self.queue_totals {
            Some(false) => {
                format!("{queues}\ncounts ready messages only: set amqp.management_url for totals")
            }
            _ => queues,
        })
    }

    fn dead_letters_text(&self) -> Option<String> {
        let reasons = self.dead_letters_by_reason.as_ref().filter(|it| !it.is_empty())?;
        let rows = reasons.iter().map(|(reason, letters)| [letters.to_string(), reason.clone()]);
        let letters = table(["dead letters", "reason"], rows);
        let (rows, all) = (self.dead_letters_looked_at?, i64::from(self.dead_letters?));
        Some(match rows < all {
            true => {
                format!("{letters}\n{rows} of {all} have a row: `ops dlq sync` writes the others")
            }
            false => letters,
        })
    }

    fn waiting_text(&self) -> Option<String> {
        let outbox = self.outbox.as_ref();
        let outbox =
            outbox.map(|outbox| WaitingCount { count: outbox.unpublished, oldest: outbox.oldest });
        let asked = self.gateway_queries.as_ref();
        let due = asked.map(|asked| WaitingCount { count: asked.due, oldest: asked.oldest_due });
        let confirming = asked
            .map(|asked| WaitingCount { count: asked.confirming, oldest: asked.oldest_confirming });
        let failed = asked.map(|asked| WaitingCount { count: asked.failed, oldest: None });
        let waiting = [
            ("retries overdue", self.overdue()),
            ("events to publish", outbox),
            ("orders without stock", self.awaiting_stock),
            ("orders to deliver by hand", self.awaiting_manual),
            ("subscriptions without an account", self.awaiting_account),
            ("open reviews", self.open_reviews),
            ("goods that wait for the gateway's confirmation", confirming),
            ("gateway queries due", due),
            ("gateway queries without an answer", failed),
        ];
        let rows: Vec<[String; 4]> = waiting
            .into_iter()
            .filter_map(|(name, waiting)| {
                let waiting = waiting?;
                let oldest = or_empty(waiting.oldest.as_ref());
                let age = waiting.oldest.map(|oldest| self.age(oldest)).unwrap_or_default();
                Some([name.to_owned(), waiting.count.to_string(), oldest, age])
            })
            .collect();
        (!rows.is_empty()).then(|| table(["waiting", "count", "oldest", "age"], rows))
    }

    fn low_stock_text(&self) -> Option<String> {
        let low = self.low_stock.as_ref().filter(|low| !low.is_empty())?;
        let rows = low.iter().map(|product| {
            [
                product.product_id.clone(),
                product.available.to_string(),
                product.low_stock.to_string(),
            ]
        });
        Some(table(["low stock", "available", "low at"], rows))
    }
}

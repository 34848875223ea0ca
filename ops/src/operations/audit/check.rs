//! One range of orders: checks each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, Utc};
use order::ReviewReason;
use order::{CodeState, OrderState, Undelivered};
use store::stock::AuditedCode;

use super::finding::{Findings, line};
use super::order_rows::OrderRows;
use super::subject::Subject;
use super::totals::Balance;
use super::{Audit, GapKind, Owner, columns, goods, refunds, reviews};

impl Audit {
    /// Checks the orders of a range; `second`: once more, so that their sums are known.
    pub(super) fn look_at(&mut self, rows: OrderRows, second: bool) {
        let mut subjects = Vec::with_capacity(rows.orders.len());
        let mut places = HashMap::with_capacity(rows.orders.len());
        for row in rows.orders {
            places.insert(row.id.clone(), subjects.len());
            subjects.push(Subject::new(row));
        }
        for (id, trade) in rows.trades {
            if let Some(&place) = places.get(&id) {
                subjects[place].add_trade(trade);
            }
        }
        for (id, refund) in rows.refunds {
            if let Some(&place) = places.get(&id) {
                subjects[place].refunds.push(refund);
            }
        }
        for case in rows.cases {
            if let Some(&place) = places.get(&case.order_id) {
                subjects[place].cases.push(case);
            }
        }
        for code in rows.codes {
            match places.get(&code.order_id) {
                Some(&place) => subjects[place].codes.push(code),
                None => {
                    let found = (GapKind::CodeWithoutOrder, format!("stock item {}", code.id));
                    self.add_gap(&code.order_id, found, None);
                }
            }
        }
        for subject in &subjects {
            self.check(subject, second);
        }
    }

    fn check(&mut self, subject: &Subject, second: bool) {
        let row = &subject.row;
        let mut found = Findings::default();
        let recount = subject.recount();
        refunds::check(subject, &recount, &mut found);
        // The trade is listed already: what follows from it is not listed again.
        let record = if found.has(GapKind::RefundNotCounted) { &subject.stored } else { &recount };
        let state = record.state();
        columns::check(row, &subject.stored.state(), record, &mut found);
        goods::check(subject, &state, &mut found);
        reviews::check(subject, record, &state, &mut found);
        self.check_codes(&row.id, &subject.codes, &mut found);

        let balance = Balance::of(&recount);
        let difference = balance.difference();
        let awaits = subject.awaits_goods(&state);
        if !second {
            self.totals.add(&balance, row.quantity);
        }
        let explained = awaits || !subject.cases.is_empty();
        if difference != 0 && !explained {
            found.add(GapKind::MoneyAndGoodsDiffer, balance.text());
        }
        if !second && found.has(GapKind::RefundNotCounted) {
            self.second_look.push(row.id.clone());
            return;
        }
        let in_gap = !explained;
        if in_gap {
            self.totals.difference_in_gaps =
                self.totals.difference_in_gaps.saturating_add(difference);
        } else if awaits || subject.has_open_case() {
            self.totals.difference_waiting =
                self.totals.difference_waiting.saturating_add(difference);
        } else {
            self.totals.difference_decided =
                self.totals.difference_decided.saturating_add(difference);
        }
        for gap in found.into_iter() {
            self.add_gap(&row.id, gap, Some(row.updated_at));
        }
        self.wait(subject, &state, awaits);
    }

    /// A gap, unless it is so young that a worker may be about to close it.
    pub(super) fn add_gap(
        &mut self,
        order: &str,
        gap: (GapKind, String),
        since: Option<DateTime<Utc>>,
    ) {
        if since.is_some_and(|since| self.now - since < self.grace) {
            return;
        }
        self.gaps.add(line(order, gap, Owner::Operator, since, self.now));
    }

    /// The same code under two products went to two buyers.
    fn check_codes(&mut self, order: &str, codes: &[AuditedCode], found: &mut Findings) {
        for code in codes.iter().filter(|code| code.state == CodeState::Delivered) {
            let mut hasher = DefaultHasher::new();
            code.code.hash(&mut hasher);
            let first = self.codes.entry(hasher.finish()).or_insert_with(|| order.into());
            if **first != *order {
                let what = format!("stock item {}: order {first} has the same code", code.id);
                found.add(GapKind::CodeGivenTwice, what);
            }
        }
    }

    /// What a person or new stock will resolve.
    fn wait(&mut self, subject: &Subject, state: &OrderState, awaits: bool) {
        let row = &subject.row;
        for case in subject.cases.iter().filter(|case| case.open) {
            let known: Option<ReviewReason> = case.reason.parse().ok();
            let (reason, meaning) =
                known.map_or(("review", ""), |reason| (reason.as_str(), reason.meaning()));
            let what = format!("{meaning} {}", case.evidence).trim_end().to_owned();
            let since = Some(case.raised_at);
            self.waiting.add(line(&row.id, (reason, what), Owner::Person, since, self.now));
        }
        if let Some(since) = subject.unpaid_since(self.now) {
            let (what, owner) = match subject.implausible_limit() {
                None => (
                    "its time is over: a worker closes it at Alipay, and then here".into(),
                    Owner::Worker,
                ),
                Some(why) => (format!("its time limit does not count: {why}"), Owner::Operator),
            };
            let found = ("unpaid_past_its_time", what);
            self.waiting.add(line(&row.id, found, owner, Some(since), self.now));
        }
        if !awaits {
            return;
        }
        let (kind, what, owner) = match subject.undelivered(state) {
            Some(Undelivered::AwaitingStock) => {
                let available = self.stock.get(&row.product_id).copied().unwrap_or(0);
                if available >= i64::from(row.quantity) {
                    ("awaiting_stock", "there is stock: a worker delivers", Owner::Worker)
                } else {
                    ("awaiting_stock", "import stock", Owner::Operator)
                }
            }
            Some(Undelivered::AwaitingAccount) if !subject.has_open_case() => {
                ("awaiting_account", "name the account that it is for", Owner::Operator)
            }
            _ if state.facts.awaits_confirmation() => (
                "awaiting_confirmation",
                "a worker asks the gateway about its payment",
                Owner::Worker,
            ),
            // Its review is listed above.
            _ if subject.has_open_case() => return,
            _ => ("awaiting_manual", "deliver it", Owner::Person),
        };
        let what = format!("{what} ({} x {})", row.quantity, row.product_id);
        self.waiting.add(line(&row.id, (kind, what), owner, row.waiting_since, self.now));
    }
}

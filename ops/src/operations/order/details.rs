//! All that is known of one order: what `ops order show` prints as JSON.

use chrono::{DateTime, Utc};
use config::Config;
use order::{Facts, MessageOutcome, OrderState, ProductKind, Trade, Undelivered};
use queue::MessageKind;
use serde::Serialize;
use store::amendment::{self, AmendmentRow};
use store::dead_letter::{self, history};
use store::entitlement::{self, Entitlement};
use store::fulfillment::{self, Fulfillment};
use store::gateway_query::{self, AskedRow};
use store::notification::{self, StoryLine};
use store::outbox::{self, OrderEvent};
use store::paused_message;
use store::product::Product;
use store::prune::{self, PrunedTable};
use store::refund::{self, RefundLine};
use store::refund_request::{self, RefundRequestFilter, RefundRequestLine};
use store::retry_copy::{self, WaitingCopy};
use store::review::{self, ReviewRow};
use store::stock::{self, StockCode};
use store::{BeijingTime, MysqlConnection, redelivery, snapshot, trade, user_order};

use crate::failure::Failure;
use crate::operations::order::change::{AppliedChange, change_of, not_kept, steps};
use crate::operations::order::fact_list::FactList;
use crate::operations::order::missing::MissingOrder;
use crate::operations::order::next_step::NextStep;
use crate::operations::order::{OrderLine, TimeLimit, payment, time_limit};
use crate::operations::pause::{self, ListedPause};
use crate::operations::signature_check::{SignatureResult, check};

/// What is shown in place of what `--redact` hides.
const HIDDEN: &str = "(hidden)";

/// One order with all its rows.
#[derive(Serialize)]
pub(crate) struct OrderDetails {
    #[serde(flatten)]
    pub(crate) order: OrderLine,
    pub(crate) product: ProductLine,
    pub(crate) fulfillment: Option<Fulfillment>,
    pub(crate) goods: Vec<StockCode>,
    pub(crate) entitlement: Option<Entitlement>,
    pub(crate) trades: Vec<TradeLine>,
    pub(crate) refunds: Vec<RefundLine>,
    /// Refunds that were asked for here, the oldest first.
    pub(crate) refund_requests: Vec<RefundRequestLine>,
    pub(crate) reviews: Vec<ReviewRow>,
    pub(crate) events: Vec<OrderEvent>,
    /// What the gateway is asked, while it is.
    pub(crate) gateway_query: Option<AskedRow>,
    /// Messages that name it and wait in a retry tier.
    pub(crate) retries: Vec<WaitingCopy>,
    /// What operators did with its dead letters.
    pub(crate) dead_letters: Vec<history::HistoryRow>,
    /// Dead letters that name it and have no line in `story`.
    pub(crate) unrecorded_letters: Vec<dead_letter::UnrecordedLetter>,
    /// Messages that name it and were redelivered without an acknowledgement: each may have killed a worker.
    pub(crate) came_back: Vec<redelivery::RedeliveryRow>,
    /// What people changed of its terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) amendments: Vec<AmendmentRow>,
    /// For what its work waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pauses: Vec<ListedPause>,
    /// Messages that name it and wait for the end of a pause.
    #[serde(skip)]
    pub(crate) paused_messages: i64,
    /// What to do next, in English.
    pub(crate) next_step: String,
    pub(crate) notifications: usize,
    pub(crate) story: Vec<StoryMessage>,
    /// Messages and events from before this are not all there: the order is older than what was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) removed_before: Option<BeijingTime>,
    /// The facts that the order's state follows from: those of the trade that it goes by.
    #[serde(skip)]
    pub(crate) facts: Facts,
    /// Until when it can be paid.
    #[serde(skip)]
    pub(crate) limit: TimeLimit,
    /// Codes that could be delivered now.
    #[serde(skip)]
    pub(crate) available: i64,
    /// When it was read.
    #[serde(skip)]
    pub(crate) read_at: DateTime<Utc>,
}

/// The product sold.
#[derive(Serialize)]
pub(crate) struct ProductLine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ProductKind,
}

/// One trade: facts and merged times.
#[derive(Serialize)]
pub(crate) struct TradeLine {
    pub(crate) trade_no: String,
    pub(crate) facts: FactList,
    gmt_create: Option<BeijingTime>,
    gmt_payment: Option<BeijingTime>,
    gmt_refund: Option<BeijingTime>,
    gmt_close: Option<BeijingTime>,
    notify_time: Option<BeijingTime>,
    /// Fen.
    refunded_fee: i64,
}

/// One notification, as it belongs to this order.
#[derive(Serialize)]
pub(crate) struct StoryMessage {
    pub(crate) at: BeijingTime,
    pub(crate) last_seen: BeijingTime,
    /// When the ingress took it; a worker came to it at `at`.
    pub(crate) received_at: BeijingTime,
    pub(crate) message_id: String,
    pub(crate) merchant: String,
    pub(crate) kind: String,
    pub(crate) trade_no: Option<String>,
    pub(crate) trade_status: Option<String>,
    pub(crate) outcome: MessageOutcome,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) seen: i32,
    pub(crate) attempts: i32,
    pub(crate) facts_added: FactList,
    pub(crate) changes: Option<AppliedChange>,
    /// Changes of other orders, or of this one, that the message made and that are not kept: too many.
    #[serde(skip_serializing_if = "crate::operations::is_zero")]
    pub(crate) changes_not_kept: usize,
    /// Of what Alipay signed, as far as its merchant is configured here.
    pub(crate) signature: Option<SignatureResult>,
    #[serde(skip)]
    form: String,
}

/// Reads an order with its signatures checked, and without the buyer, codes and names where `redact` is set; or what is
/// known of an order that is not there.
pub(crate) fn look_up(
    connection: &mut MysqlConnection,
    config: &Config,
    id: &str,
    redact: bool,
) -> Result<Result<OrderDetails, MissingOrder>, Failure> {
    let page = snapshot(connection, |connection| OrderDetails::read(connection, config, id))?;
    let Some(mut page) = page else { return Ok(Err(MissingOrder::read(connection, id)?)) };
    page.check_signatures(config);
    if redact {
        page.redact();
    }
    Ok(Ok(page))
}

impl OrderDetails {
    /// Reads everything about an order; `None` when there is no such order. Inside a
    /// [`store::snapshot`].
    pub(crate) fn read(
        connection: &mut MysqlConnection,
        config: &Config,
        id: &str,
    ) -> Result<Option<OrderDetails>, Failure> {
        let Some(row) = user_order::find(connection, id)? else { return Ok(None) };
        let products = store::product::by_ids(connection, &[&row.product_id])?;
        let product = products
            .first()
            .map(OrderDetails::product_of)
            .ok_or_else(|| Failure::Refused(format!("the product {} is gone", row.product_id)))?;
        let trades = trade::of_orders(connection, &[id])?.into_iter();
        let trades: Vec<Trade> = trades.map(|(_, trade)| trade).collect();
        let state = OrderState::of(trades.iter(), row.expired_at.is_some());
        let trade_nos: Vec<&str> = trades.iter().map(|trade| trade.trade_no.as_str()).collect();
        let story: Vec<StoryMessage> = notification::of_order(connection, id, &trade_nos)?
            .into_iter()
            .map(|line| StoryMessage::new(line, id))
            .collect();
        let mut page = OrderDetails {
            product,
            fulfillment: fulfillment::of_order(connection, id)?,
            goods: stock::of_order(connection, id)?,
            entitlement: entitlement::of_order(connection, id)?,
            refunds: refund::of_order(connection, id)?,
            refund_requests: requests_of(connection, id)?,
            reviews: review::of_order(connection, id)?,
            events: outbox::of_order(connection, id)?,
            gateway_query: gateway_query::of_order(connection, id)?,
            retries: retry_copy::of_order(connection, id)?,
            dead_letters: history::of_order(connection, id)?,
            unrecorded_letters: dead_letter::of_order(connection, id)?,
            came_back: redelivery::of_order(connection, id)?,
            amendments: amendment::of_order(connection, id)?,
            pauses: pause::of_order(connection, &row.merchant, &row.product_id)?,
            paused_messages: paused_message::of_order(connection, id)?,
            next_step: String::new(),
            notifications: story.len(),
            read_at: Utc::now(),
            available: stock::available(connection, &row.product_id, stock::COUNTED)?,
            removed_before: removed_before(connection)?.filter(|at| at.0 > row.created_at.0),
            trades: trades.into_iter().map(TradeLine::from).collect(),
            facts: state.facts,
            limit: time_limit(&row, config),
            story,
            order: row.into(),
        };
        page.next_step = NextStep::of(&page).english();
        Ok(Some(page))
    }

    /// Why the buyer has paid and has no goods; `None` where that is not so.
    pub(crate) fn undelivered(&self) -> Option<Undelivered> {
        let goods = self.fulfillment.as_ref().map(|goods| goods.state);
        Undelivered::of(payment(&self.order.row)?, self.facts, goods)
    }

    /// The product as it is shown with an order.
    pub(crate) fn product_of(product: &Product) -> ProductLine {
        ProductLine { id: product.id.clone(), name: product.name.clone(), kind: product.kind }
    }

    /// Checks the signature of every notification again, with today's keys.
    fn check_signatures(&mut self, config: &Config) {
        for message in &mut self.story {
            if message.kind().is_some_and(MessageKind::is_notification) {
                message.signature =
                    check(config, &message.merchant, &message.form, message.received_at.0);
            }
        }
    }

    /// Hides the codes: whoever has one can use it.
    pub(crate) fn hide_codes(&mut self) {
        self.goods.iter_mut().for_each(|code| hide(&mut code.code));
    }

    /// Hides the buyer, the codes, and names, so that the page can be passed on.
    fn redact(&mut self) {
        self.hide_codes();
        let row = &mut self.order.row;
        hide(&mut row.account);
        hide(&mut row.subject);
        let parties = &mut row.parties;
        for text in [
            &mut parties.seller_email,
            &mut parties.seller_id,
            &mut parties.buyer_email,
            &mut parties.buyer_id,
            &mut parties.receive_name,
            &mut parties.receive_address,
            &mut parties.receive_zip,
            &mut parties.receive_phone,
            &mut parties.receive_mobile,
        ] {
            text.iter_mut().for_each(hide);
        }
        self.entitlement.iter_mut().for_each(|it| hide(&mut it.account));
        for review in &mut self.reviews {
            review.decided_by.iter_mut().for_each(hide);
            review.note.iter_mut().for_each(hide);
        }
        for request in &mut self.refund_requests {
            hide(&mut request.asked_by);
            hide(&mut request.reason);
            request.error.iter_mut().for_each(hide);
        }
        for letter in &mut self.dead_letters {
            hide(&mut letter.done_by);
            letter.note.iter_mut().for_each(hide);
            hide(&mut letter.headers);
        }
        for row in &mut self.amendments {
            hide(&mut row.proposed_by);
            row.decided_by.iter_mut().for_each(hide);
            hide(&mut row.reason);
        }
        for pause in &mut self.pauses {
            hide(&mut pause.row.begun_by);
            hide(&mut pause.row.reason);
        }
        self.unrecorded_letters.iter_mut().for_each(|letter| hide(&mut letter.error));
        // The evidence may quote what the sender wrote.
        self.story.iter_mut().for_each(|message| message.error.iter_mut().for_each(hide));
    }
}

fn hide(text: &mut String) {
    if !text.is_empty() {
        HIDDEN.clone_into(text);
    }
}

impl TradeLine {
    /// Whether it has this fact.
    pub(crate) fn has(&self, fact: Facts) -> bool {
        self.facts.0.contains(fact)
    }

    /// Fen: what of it went back.
    pub(crate) fn refunded_fee(&self) -> i64 {
        self.refunded_fee
    }

    /// In a line: its facts and times.
    pub(crate) fn text(&self) -> String {
        format!("trade {}: {}, {}", self.trade_no, self.facts, self.times())
    }

    /// Its times in words.
    pub(crate) fn times(&self) -> String {
        let times = [
            ("created", self.gmt_create),
            ("paid", self.gmt_payment),
            ("refunded", self.gmt_refund),
            ("closed", self.gmt_close),
        ];
        let known: Vec<String> =
            times.into_iter().filter_map(|(what, at)| Some(format!("{what} {}", at?))).collect();
        if known.is_empty() { "no times known".to_owned() } else { known.join(", ") }
    }
}

impl From<Trade> for TradeLine {
    fn from(trade: Trade) -> TradeLine {
        TradeLine {
            trade_no: trade.trade_no,
            facts: FactList(trade.facts),
            gmt_create: trade.gmt_create.map(BeijingTime),
            gmt_payment: trade.gmt_payment.map(BeijingTime),
            gmt_refund: trade.gmt_refund.map(BeijingTime),
            gmt_close: trade.gmt_close.map(BeijingTime),
            notify_time: trade.notify_time.map(BeijingTime),
            refunded_fee: trade.refunded_fee.get(),
        }
    }
}

impl StoryMessage {
    /// What it is; none is a kind that this version does not know.
    pub(crate) fn kind(&self) -> Option<MessageKind> {
        MessageKind::read(&self.kind)
    }

    /// Whether it added facts, or changed the order.
    pub(crate) fn has_news(&self) -> bool {
        let moved = self.changes.as_ref().is_some_and(|change| !steps(change).is_empty());
        !self.facts_added.0.is_empty() || moved
    }

    pub(crate) fn new(line: StoryLine, order_id: &str) -> StoryMessage {
        let changes = line.changes.as_deref().and_then(|json| change_of(json, order_id));
        let changes_not_kept = line.changes.as_deref().map_or(0, not_kept);
        StoryMessage {
            at: line.first_seen,
            last_seen: line.last_seen,
            received_at: line.received_at,
            message_id: line.message_id,
            merchant: line.merchant,
            kind: line.kind,
            trade_no: line.trade_no,
            trade_status: line.trade_status,
            outcome: line.outcome,
            reason: line.reason,
            error: line.error,
            seen: line.seen,
            attempts: line.attempts,
            facts_added: FactList::from_column(&line.facts_added),
            changes,
            changes_not_kept,
            signature: None,
            form: line.form,
        }
    }
}

/// The refunds that were asked for, the oldest first.
fn requests_of(
    connection: &mut MysqlConnection,
    id: &str,
) -> Result<Vec<RefundRequestLine>, Failure> {
    let filter = RefundRequestFilter { order: Some(id), ..RefundRequestFilter::default() };
    let mut requests = refund_request::list(connection, &filter, 1000)?;
    requests.reverse();
    Ok(requests)
}

/// From before this messages and events may be missing, of any order; `None`: all are there.
pub(crate) fn removed_before(
    connection: &mut MysqlConnection,
) -> Result<Option<BeijingTime>, Failure> {
    let messages = prune::removed_before(connection, PrunedTable::Notification)?;
    let events = prune::removed_before(connection, PrunedTable::Outbox)?;
    Ok(messages.max(events).map(BeijingTime))
}

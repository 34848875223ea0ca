//! `ops pay-link`

use std::net::IpAddr;

use alipay::{Fen, Payment, Protocol, TradeStatus, link, submit_page};
use chrono::Utc;
use clap::Args;
use config::Merchant;
use gateway::{Asker, Gateway};
use order::{OrderStatus, TradeStatusCode};
use serde::Serialize;
use store::{product, user_order};
use tracing::warn;

use crate::context::Context;
use crate::failure::Failure;
use crate::operations::gateway_answer::could_not_ask;
use crate::operations::order::status_name::status_name;
use crate::operations::order::{off_sale, parse_id};
use crate::operations::pay_link::browser::{asker, bad_request, parse_url};
use crate::operations::pay_link::{browser, limit};

/// The signed link with which a buyer pays an order
///
/// Goes to the page of the merchant's gateway: create_direct_pay_by_user, or alipay.trade.page.pay.
/// Nothing is sent (but for --anti-phishing) and nothing changes. An order that is paid or over is a no (1): its
/// number cannot be paid again; so is one whose product is off sale.
///
/// Where the order can be paid for a limited time only, Alipay is told: time_expire on the Open Platform, and on
/// the legacy gateway it_b_pay, the minutes that are left now, counted there from the moment when the buyer opens
/// the link. Alipay knows no limit above 15 days.
///
/// Example: ops pay-link A-1001 --notify-url https://pay.example.com/alipay/shop/notify
/// Example: ops pay-link A-1001 --anti-phishing --exter-invoke-ip 203.0.113.7
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PayLink {
    /// The order (out_trade_no)
    order: String,
    /// The order must be of this merchant
    #[arg(long, value_name = "NAME", value_parser = parse_id)]
    merchant: Option<String>,
    /// Print an HTML page that sends itself instead of a link
    #[arg(long)]
    form: bool,
    /// Where Alipay tells of the payment; no query in it
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    notify_url: Option<String>,
    /// Where the buyer's browser comes back to; no query in it
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    return_url: Option<String>,
    /// Legacy gateway: ask it for a key against phishing, which some accounts must send; the link is good for
    /// 30 seconds then
    #[arg(long)]
    anti_phishing: bool,
    /// Legacy gateway: the buyer's address, which some accounts must send
    #[arg(long, value_name = "IP")]
    exter_invoke_ip: Option<IpAddr>,
}

#[derive(Serialize)]
struct Answer<'a> {
    order: &'a str,
    merchant: &'a str,
    /// Fen.
    total_fee: i64,
    /// The time limit that Alipay is told: a parameter and its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a (&'static str, String)>,
    link: Option<String>,
    form: Option<String>,
}

impl PayLink {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let Some(row) = user_order::find(&mut connection, &self.order)? else {
            return Err(Failure::Refused(format!("there is no order {}", self.order)));
        };
        if let Some(name) = self.merchant.as_ref().filter(|name| **name != row.merchant) {
            let whose = &row.merchant;
            return Err(Failure::Refused(format!("order {} is of {whose}, not of {name}", row.id)));
        }
        payable(&row)?;
        let products = product::by_ids(&mut connection, &[&row.product_id])?;
        if products.first().is_some_and(|product| !product.on_sale) {
            return Err(Failure::Refused(off_sale(&row.product_id)));
        }
        let now = Utc::now();
        let merchant = context.merchant(&row.merchant)?;
        Gateway::can_ask(merchant).map_err(|error| could_not_ask(&error))?;
        let asker = asker(merchant)?;
        let limit = limit::of(&row, merchant, now)?;
        let address = self.exter_invoke_ip.map(|address| address.to_string());
        let key = self.key(context, merchant)?;
        let more: Vec<(&str, &str)> = [
            limit.as_ref().map(|(name, value)| (*name, value.as_str())),
            key.as_deref().map(|key| ("anti_phishing_key", key)),
            address.as_deref().map(|address| ("exter_invoke_ip", address)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let payment = Payment {
            out_trade_no: &row.id,
            subject: if row.subject.trim().is_empty() { &row.id } else { &row.subject },
            total: Fen::new(row.total_fee),
            notify_url: self.notify_url.as_deref(),
            return_url: self.return_url.as_deref(),
            more: &more,
            nested: &[],
        };
        let Asker { account, application, charset, signer } = &asker;
        let form = match merchant.protocol {
            Protocol::Mapi => payment.mapi(account, browser::seller(merchant)?, *charset, signer),
            Protocol::Openapi => payment.openapi(*application, *charset, now, signer),
        };
        let form = form.map_err(|error| bad_request(&error))?;
        if self.notify_url.is_none() {
            warn!("no --notify-url: Alipay may tell nobody of the payment");
        }
        let answer = Answer {
            order: &row.id,
            merchant: &row.merchant,
            total_fee: row.total_fee,
            limit: limit.as_ref(),
            link: (!self.form).then(|| link(&merchant.gateway, &form)),
            form: if self.form {
                let page = submit_page(&merchant.gateway, &form, *charset);
                Some(page.map_err(|error| Failure::Usage(format!("the page: {error}")))?)
            } else {
                None
            },
        };
        context.output.print(&answer, || {
            answer.link.clone().or_else(|| answer.form.clone()).unwrap_or_default()
        })
    }
}

impl PayLink {
    /// The key against phishing, where one is wanted. It is asked for last, so that as much as can be is
    /// left of its 30 seconds.
    fn key(&self, context: &Context, merchant: &Merchant) -> Result<Option<String>, Failure> {
        if merchant.protocol == Protocol::Openapi {
            let wanted = self.anti_phishing.then_some("--anti-phishing");
            return match wanted.or(self.exter_invoke_ip.map(|_| "--exter-invoke-ip")) {
                Some(option) => Err(Failure::Usage(format!(
                    "{option}: merchant {} is at the Open Platform, which has no such parameter",
                    merchant.name
                ))),
                None => Ok(None),
            };
        }
        if !self.anti_phishing {
            return Ok(None);
        }
        let asked = context.block_on(async {
            Ok(Gateway::new(context.gateway_timeout()).query_timestamp(merchant).await)
        })?;
        let answer = asked.map_err(|error| could_not_ask(&error))?;
        Ok(Some(answer.encrypt_key))
    }
}

/// An error unless the order waits for its payment.
fn payable(row: &user_order::Order) -> Result<(), Failure> {
    let word = if row.status != OrderStatus::Placed.code() {
        status_name(row.status)
    } else if row.trade_status == TradeStatusCode::TradePending.code() {
        // The money is at Alipay already.
        TradeStatus::TradePending.as_str()
    } else {
        return Ok(());
    };
    Err(Failure::Refused(format!(
        "order {} is {word}: its number cannot be paid again; place a new order",
        row.id
    )))
}

//! `ops pay-link`

use std::net::IpAddr;

use clap::Args;
use tracing::warn;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::order::parse_id;
use crate::operations::pay_link::browser::parse_url;
use crate::operations::pay_link::{PayLinkRequest, make};

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
pub(crate) struct PayLinkArgs {
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

impl PayLinkArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let wanted = PayLinkRequest {
            order: &self.order,
            merchant: self.merchant.as_deref(),
            as_form: self.form,
            notify_url: self.notify_url.as_deref(),
            return_url: self.return_url.as_deref(),
            anti_phishing: self.anti_phishing,
            exter_invoke_ip: self.exter_invoke_ip,
        };
        let made = make(context, &mut *context.database()?, &wanted)?;
        if self.notify_url.is_none() {
            warn!("no --notify-url: Alipay may tell nobody of the payment");
        }
        let text = || made.link.clone().or_else(|| made.form.clone()).unwrap_or_default();
        context.output.print(&made, text)
    }
}

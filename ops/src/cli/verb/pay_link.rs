//! `ops pay-link`

use std::net::IpAddr;

use clap::Args;
use tracing::warn;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::order::parse_id;
use crate::operations::pay_link::browser::parse_url;
use crate::operations::pay_link::{PayLinkRequest, make};

/// Print the signed link with which a buyer pays an order
///
/// The link leads to the page of the merchant's gateway: create_direct_pay_by_user, or alipay.trade.page.pay.
/// Nothing is sent (except with --anti-phishing) and nothing changes. Exits with 1 if the order is paid or
/// closed, since its number cannot be paid again, or if its product is off sale.
///
/// If the order has a time limit, the link tells Alipay: with time_expire on the Open Platform; on the legacy
/// gateway with it_b_pay, the minutes that are left now, which Alipay counts from the moment when the buyer opens
/// the link. Alipay accepts no limit above 15 days.
///
/// Example: ops pay-link A-1001 --notify-url https://pay.example.com/alipay/shop/notify
/// Example: ops pay-link A-1001 --anti-phishing --exter-invoke-ip 203.0.113.7
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PayLinkArgs {
    /// The order (out_trade_no)
    order: String,
    /// Exit with 1 unless the order belongs to this merchant
    #[arg(long, value_name = "NAME", value_parser = parse_id)]
    merchant: Option<String>,
    /// Print an HTML page that submits itself, instead of a link
    #[arg(long)]
    form: bool,
    /// The URL to which Alipay sends notifications; without a query string
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    notify_url: Option<String>,
    /// The URL to which the buyer's browser returns; without a query string
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    return_url: Option<String>,
    /// Legacy gateway: request an anti-phishing key, which some accounts need; the link is then valid for
    /// 30 seconds
    #[arg(long)]
    anti_phishing: bool,
    /// Legacy gateway: the buyer's IP address, which some accounts must send
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
            warn!("no --notify-url: Alipay may send no notification of the payment");
        }
        let text = || made.link.clone().or_else(|| made.form.clone()).unwrap_or_default();
        context.output.print(&made, text)
    }
}

//! The signed link with which a buyer pays.

pub(crate) mod browser;
mod limit;

use std::net::IpAddr;

use alipay::{Fen, Payment, Protocol, link, submit_page};
use chrono::Utc;
use config::Merchant;
use gateway::{Credentials, Gateway};
use serde::Serialize;
use store::MysqlConnection;

use self::browser::{asker, bad_request, seller};
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::gateway_answer::could_not_ask;
use crate::operations::order::{check_unpaid, find, time_limit};
use crate::operations::product;

/// How an order is to be paid.
pub(crate) struct PayLinkRequest<'a> {
    pub(crate) order: &'a str,
    /// The order must be of this merchant.
    pub(crate) merchant: Option<&'a str>,
    /// A page that sends itself instead of a link.
    pub(crate) as_form: bool,
    pub(crate) notify_url: Option<&'a str>,
    pub(crate) return_url: Option<&'a str>,
    /// Legacy gateway: with a key against phishing.
    pub(crate) anti_phishing: bool,
    /// Legacy gateway: the buyer's address.
    pub(crate) exter_invoke_ip: Option<IpAddr>,
}

/// The link, or the page.
#[derive(Serialize)]
pub(crate) struct PayLink {
    order: String,
    merchant: String,
    /// Fen.
    total_fee: i64,
    /// The time limit that is sent to Alipay: a parameter and its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<(&'static str, String)>,
    pub(crate) link: Option<String>,
    pub(crate) form: Option<String>,
}

/// Makes the link of an order that waits for its payment.
pub(crate) fn make(
    access: &Access,
    connection: &mut MysqlConnection,
    wanted: &PayLinkRequest<'_>,
) -> Result<PayLink, Failure> {
    let row = find(connection, wanted.order)?;
    if let Some(name) = wanted.merchant.filter(|name| *name != row.merchant) {
        let whose = &row.merchant;
        return Err(Failure::Refused(format!("order {} is of {whose}, not of {name}", row.id)));
    }
    check_unpaid(&row, "its number cannot be paid again; place a new order")?;
    product::check_on_sale(&product::find(connection, &row.product_id)?)?;
    let now = Utc::now();
    let merchant = access.merchant(&row.merchant)?;
    Gateway::can_ask(merchant).map_err(|error| could_not_ask(&error))?;
    let asker = asker(merchant)?;
    let limit = limit::of(&row, time_limit(&row, &access.config), merchant.protocol, now)?;
    let address = wanted.exter_invoke_ip.map(|address| address.to_string());
    // Asked for last, so that as much as can be is left of its 30 seconds.
    let key = anti_phishing_key(access, merchant, wanted)?;
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
        notify_url: wanted.notify_url,
        return_url: wanted.return_url,
        more: &more,
        nested: &[],
    };
    let Credentials { account, application, charset, signer } = &asker;
    let form = match merchant.protocol {
        Protocol::Mapi => payment.mapi(account, seller(merchant)?, *charset, signer),
        Protocol::Openapi => payment.openapi(*application, *charset, now, signer),
    };
    let form = form.map_err(|error| bad_request(&error))?;
    let page = wanted.as_form.then(|| submit_page(&merchant.gateway, &form, *charset)).transpose();
    Ok(PayLink {
        total_fee: row.total_fee,
        limit,
        link: (!wanted.as_form).then(|| link(&merchant.gateway, &form)),
        form: page.map_err(|error| Failure::Usage(format!("the page: {error}")))?,
        order: row.id,
        merchant: row.merchant,
    })
}

/// The key against phishing, where one is wanted.
fn anti_phishing_key(
    access: &Access,
    merchant: &Merchant,
    wanted: &PayLinkRequest<'_>,
) -> Result<Option<String>, Failure> {
    if merchant.protocol == Protocol::Openapi {
        let phishing = wanted.anti_phishing.then_some("--anti-phishing");
        return match phishing.or(wanted.exter_invoke_ip.map(|_| "--exter-invoke-ip")) {
            Some(option) => Err(Failure::Usage(format!(
                "{option}: merchant {} is at the Open Platform, which has no such parameter",
                merchant.name
            ))),
            None => Ok(None),
        };
    }
    if !wanted.anti_phishing {
        return Ok(None);
    }
    let asked = access.block_on(async { Ok(access.gateway().query_timestamp(merchant).await) })?;
    let answer = asked.map_err(|error| could_not_ask(&error))?;
    Ok(Some(answer.encrypt_key))
}

//! What an order must be, computed from what was answered `success` about it.

use alipay::{Charset, Notification, Protocol};
use anyhow::Context;
use chrono::Utc;
use order::FulfillmentState::{Cancelled, Delivered, Returned};
use order::{
    Facts, FulfillmentState, MerchantAccount, OrderRecord, OrderState, OrderStatus, OrderTerms,
    ProductKind, Refund,
};

use crate::database::CheckedOrder;
use crate::load::SentNotification;
use crate::story::Story;
use crate::system::SimulatedMerchant;

/// The state of an order to which these notifications were applied; forged ones are left out.
pub(crate) fn state<'a>(
    story: &Story,
    gateway: &SimulatedMerchant,
    sent: impl Iterator<Item = &'a SentNotification>,
) -> anyhow::Result<OrderState> {
    let terms = OrderTerms {
        id: story.id.clone(),
        merchant: gateway.name.to_owned(),
        total_fee: story.total(),
        created_at: Utc::now(),
        expires_at: None,
    };
    let account = MerchantAccount {
        merchant: gateway.name.to_owned(),
        seller_id: Some(gateway.merchant.seller_id.clone()),
        app_id: (gateway.merchant.protocol == Protocol::Openapi)
            .then(|| gateway.merchant.app_id.clone()),
        refunds_late: false,
        confirms_above: None,
        longest_time_to_pay: None,
    };
    let mut record = OrderRecord::new(terms, ProductKind::Stock);
    for sent in sent.filter(|sent| !sent.forged) {
        let form = sent.notification.form();
        let said = Notification::read(form, gateway.merchant.protocol, Charset::Utf8)
            .context("a notification of our own")?;
        match said {
            // A mismatch teaches nothing: it goes to the dead letters.
            Notification::Trade(said) => drop(record.apply_notification(&account, &said)),
            Notification::DepositBack(_) => {}
            Notification::BatchRefund(batch) => {
                for item in &batch.items {
                    record.apply_refund(Refund::of_batch_item(&batch, item));
                }
            }
        }
    }
    Ok(record.state())
}

/// In which columns the row differs from the state, in words; empty when it agrees.
pub(crate) fn differences(row: &CheckedOrder, state: &OrderState) -> Vec<String> {
    let mut all = Vec::new();
    let mut compare = |name: &str, is: String, should: String| {
        if is != should {
            all.push(format!("{name} is {is}, not {should}"));
        }
    };
    compare("status", row.status.to_string(), state.status.code().to_string());
    compare("trade_status", row.trade_status.to_string(), state.trade_status.code().to_string());
    compare("refund_status", row.refund_status.to_string(), state.refund_status.code().to_string());
    compare("refunded_fee", row.refunded_fee.to_string(), state.refunded_fee.get().to_string());
    compare("is_finish", row.is_finish.to_string(), state.is_finish.to_string());
    let facts = Facts::from_column(row.facts.as_deref().unwrap_or_default());
    compare("facts", facts.to_column(), state.facts.to_column());
    compare("trade_no", format!("{:?}", row.trade_no), format!("{:?}", state.trade_no));
    all
}

/// What is wrong with the goods, in words; empty when nothing is. All stock lasts.
pub(crate) fn goods(row: &CheckedOrder, story: &Story) -> Vec<String> {
    let mut all = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            all.push(what);
        }
    };
    let units = i64::from(row.quantity);
    let state: Option<FulfillmentState> = row.goods.as_deref().and_then(|word| word.parse().ok());
    let goods = row.goods.as_deref().unwrap_or("none");
    let (out, back) = (row.codes_out, row.codes_back);
    // Whatever happened: once out at most, once back at most.
    must(out + back == 0 || out + back == units, format!("{units} units: {out} out, {back} back"));
    let is_code = story.product == "CODE";
    match OrderStatus::from_code(row.status) {
        Some(OrderStatus::Paid | OrderStatus::Finished | OrderStatus::RefundClosed) => {
            must(state == Some(Delivered), format!("paid, goods {goods}"));
            must(
                row.is_send_goods && !row.is_return_goods,
                "paid, is_send_goods is not alone".into(),
            );
            must(out == if is_code { units } else { 0 }, format!("paid, {out} codes out"));
            must(back == 0, format!("paid, {back} codes back"));
            must(
                row.entitlements == i64::from(!is_code),
                format!("{} entitlements", row.entitlements),
            );
        }
        Some(OrderStatus::Refunded) => {
            // A refund may overtake its payment: then nothing ever went out.
            must(
                matches!(state, None | Some(Returned | Cancelled)),
                format!("refunded, goods {goods}"),
            );
            must(
                row.is_send_goods == row.is_return_goods,
                "refunded, sent but not returned".into(),
            );
            must(
                row.is_send_goods == (state == Some(Returned)),
                format!("sent, but goods {goods}"),
            );
            must(out == 0, format!("refunded, {out} codes are still out"));
            must(
                back == if is_code && row.is_send_goods { units } else { 0 },
                format!("{back} back"),
            );
            must(row.entitlements == 0, "refunded, an entitlement is left".into());
            must(
                !(row.is_send_goods && story.kind.expires()),
                "goods went out for money that came late and goes back".into(),
            );
        }
        _ => {
            must(state.is_none() && out + back + row.entitlements == 0, format!("goods {goods}"));
            must(!row.is_send_goods, "is_send_goods without a payment".into());
        }
    }
    all
}

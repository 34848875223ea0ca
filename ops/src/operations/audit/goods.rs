//! Goods: what should be with the buyer, what the fulfillment says, and what really is.

use std::collections::BTreeSet;

use order::{CodeState, FulfillmentState, GoodsDecision, OrderState, ProductKind};

use super::GapKind;
use super::finding::Findings;
use super::subject::Subject;
use crate::plural::count;

/// Compares the state, the fulfillment and the goods themselves.
pub(crate) fn check(subject: &Subject, state: &OrderState, found: &mut Findings) {
    decision(subject, state, found);
    goods(subject, found);
    products(subject, found);
}

/// What the worker would still do now has not been done.
fn decision(subject: &Subject, state: &OrderState, found: &mut Findings) {
    use FulfillmentState::{AwaitingAccount, AwaitingStock, Delivered};
    let fulfillment = subject.stored.fulfillment;
    let state_name = fulfillment.map_or("missing", FulfillmentState::as_str);
    match GoodsDecision::of(state, fulfillment) {
        GoodsDecision::Deliver if !matches!(fulfillment, Some(AwaitingStock | AwaitingAccount)) => {
            found.add(GapKind::NotDelivered, format!("the fulfillment is {state_name}"));
        }
        GoodsDecision::TakeBack => {
            found.add(GapKind::NotTakenBack, format!("the fulfillment is {state_name}"));
        }
        GoodsDecision::Cancel => {
            found.add(GapKind::NotCancelled, format!("the fulfillment is {state_name}"));
        }
        GoodsDecision::Deliver | GoodsDecision::Nothing => {}
    }
    let paid = state.facts.contains(order::Facts::PAID);
    let promised = fulfillment.is_some_and(|state| state == Delivered || state.is_waiting());
    let has = subject.codes_with_buyer() > 0 || subject.row.entitlement_product.is_some();
    if !paid && (promised || has) && !subject.stored.is_only_imported() {
        let codes = subject.codes_with_buyer();
        let what =
            format!("the fulfillment is {state_name}, with the buyer: {}", count(codes, "code"));
        found.add(GapKind::GoodsWithoutPayment, what);
    }
}

/// Codes and entitlement against the fulfillment.
fn goods(subject: &Subject, found: &mut Findings) {
    use FulfillmentState::{Delivered, Returned};
    let row = &subject.row;
    let fulfillment = subject.stored.fulfillment;
    let codes = subject.codes_with_buyer();
    let entitled = row.entitlement_product.is_some();
    let ordered = usize::try_from(row.quantity).unwrap_or(0);
    match fulfillment {
        Some(Delivered) => {
            let (codes_due, entitlement_due) = match subject.stored.kind {
                ProductKind::Stock if subject.stored.goods_imported => (0, false),
                ProductKind::Stock => (ordered, false),
                ProductKind::Subscription => (0, true),
                ProductKind::Manual => (0, false),
            };
            if codes != codes_due || entitled != entitlement_due {
                let entitled = if entitled { "an" } else { "no" };
                let what =
                    format!("{ordered} ordered; {}, {entitled} entitlement", count(codes, "code"));
                found.add(GapKind::UnitsDiffer, what);
            }
        }
        _ if codes == 0 && !entitled => {}
        Some(Returned) => {
            found.add(GapKind::NotReallyReturned, with_buyer(codes, entitled));
        }
        _ => found.add(GapKind::GoodsNotOnRecord, with_buyer(codes, entitled)),
    }
    if let (Some(state), Some(units), Some(given)) = (fulfillment, row.units, row.given) {
        let due = if state.is_given() { row.quantity } else { 0 };
        if units != row.quantity || given != due {
            let ordered = row.quantity;
            let what = format!("{ordered} ordered; the fulfillment says {given} of {units} given");
            found.add(GapKind::UnitsDiffer, what);
        }
    }
    for code in subject.codes.iter().filter(|code| code.state == CodeState::Available) {
        found.add(GapKind::CodeStillForSale, format!("stock item {}", code.id));
    }
}

fn with_buyer(codes: usize, entitled: bool) -> String {
    let entitlement = if entitled { ", an entitlement" } else { "" };
    format!("{}{entitlement} with the buyer", count(codes, "code"))
}

/// Everything that names the order must be of its product.
fn products(subject: &Subject, found: &mut Findings) {
    let row = &subject.row;
    let named = [
        ("the fulfillment", &row.fulfillment_product),
        ("an entitlement", &row.entitlement_product),
    ];
    for (what, product) in named {
        if let Some(product) = product.as_ref().filter(|product| **product != row.product_id) {
            found.add(GapKind::AnotherProduct, format!("{what} is of {product}"));
        }
    }
    let strange: BTreeSet<&str> = subject
        .codes
        .iter()
        .map(|code| code.product_id.as_str())
        .filter(|product| *product != row.product_id)
        .collect();
    for product in strange {
        found.add(GapKind::AnotherProduct, format!("a code is of {product}"));
    }
}

//! The end of the demo: orders, dead letters, times, verdict.

use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde_json::Value;

use testkit::Pipeline;

use crate::say;

/// Every order with the status and the state of its goods that it must end with.
const EXPECTED: [(&str, i64, &str); 15] = [
    ("D-AMOUNT", 0, "-"),
    ("D-AWAY-1", 8, "delivered"),
    ("D-AWAY-2", 8, "delivered"),
    ("D-AWAY-3", 8, "delivered"),
    ("D-BATCH", 105, "-"),
    ("D-CLOSE", 32, "-"),
    ("D-EXPIRED", 32, "-"),
    ("D-FORGED", 0, "-"),
    ("D-LATE", 8, "delivered"),
    ("D-LOST", 8, "delivered"),
    ("D-NOSTOCK", 8, "delivered"),
    ("D-PARTIAL", 8, "delivered"),
    ("D-PAY", 8, "delivered"),
    ("D-REFUND", 105, "returned"),
    ("D-VIP", 8, "delivered"),
];

/// Prints the end and says whether everything is as it should be.
pub(crate) fn print(
    shop: &Pipeline,
    latencies: &[(String, Duration)],
    failures: &[String],
) -> anyhow::Result<bool> {
    let mut failures = failures.to_vec();
    say("\nOrders (ops order list):");
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["order", "status", "", "refunded", "goods", "codes", "review"]);
    for (id, status, goods) in &EXPECTED {
        let order = shop.show(id)?;
        let state = order["fulfillment"]["state"].as_str().unwrap_or("-");
        let is = order["status"].as_i64().unwrap_or(-1);
        // A batch refund that overtakes its payment may or may not catch the code on its way out.
        let goods_agree = *id == "D-BATCH" || state == *goods;
        if is != *status || !goods_agree {
            failures.push(format!("{id}: status {is}, goods {state}; expected {status}, {goods}"));
        }
        table.add_row([
            (*id).to_owned(),
            is.to_string(),
            text(&order["status_name"]),
            yuan(order["refunded_fee"].as_i64().unwrap_or(0)),
            state.to_owned(),
            codes(&order),
            if order["needs_review"] == true { "yes".to_owned() } else { String::new() },
        ]);
    }
    say(&table.to_string());

    say("\nDead letters (ops dlq list):");
    let dead = shop.json(&["dlq", "list"])?;
    let dead = dead.as_array().cloned().unwrap_or_default();
    for letter in &dead {
        say(&format!(
            "  {}  {}: {}",
            text(&letter["order"]),
            text(&letter["reason"]),
            text(&letter["error"])
        ));
    }
    if dead.len() != 1 {
        failures.push(format!("{} dead letters, expected 1", dead.len()));
    }

    say("\nFrom `success` to delivery:");
    for (id, took) in latencies {
        say(&format!("  {id:<10} {:>4} ms", took.as_millis()));
    }
    if failures.is_empty() {
        say("\nEverything is as it should be.");
    } else {
        say("\nNOT as it should be:");
        for failure in &failures {
            say(&format!("  ✗ {failure}"));
        }
    }
    Ok(failures.is_empty())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn yuan(fen: i64) -> String {
    alipay::Fen::new(fen).to_string()
}

fn codes(order: &Value) -> String {
    let goods = order["goods"].as_array().cloned().unwrap_or_default();
    let codes: Vec<String> = goods.iter().map(|code| text(&code["code"])).collect();
    codes.join(" ")
}

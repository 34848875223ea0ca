//! Workers that die during a query.

use std::os::unix::process::ExitStatusExt;

use crate::alipay_side::{AlipaySide, UNPAID};

#[cfg(debug_assertions)]
#[test]
fn a_crash_while_querying_is_recovered() {
    for point in ["queries.after_claim", "queries.after_publish"] {
        let mut side = AlipaySide::new(3);
        let (_gateway, address) = side.gateway(&[]);
        side.place("shop", "DIES", "CODE");
        side.pays("shop", "DIES", &["--drop"]);
        let timeout = ("ALIPAY__WORKER__QUERY_TIMEOUT", "500ms");
        let mut armed = side.start_worker(&address, &[UNPAID, timeout, ("CRASH_POINT", point)]);
        let status = armed.wait();
        assert_eq!(status.signal(), Some(6), "{point}: {status}");
        let leased = "gateway_query WHERE order_id = 'DIES' AND due_at > UTC_TIMESTAMP(6)";
        assert_eq!(side.world.count(&format!("{leased} AND asked = 0")), 1, "{point}");
        let _successor = side.worker(&address, &[UNPAID, timeout]);
        side.world.expect("DIES", |order| order["status"] == 8 && order["is_send_goods"] == true);
        // When the lease ends, the row is queried again, or put off because the order has changed.
        side.world.wait_for_count(
            "gateway_query WHERE order_id = 'DIES' AND due_at > UTC_TIMESTAMP(6) + INTERVAL 1 HOUR \
             OR asked > 0",
            1,
        );
        assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 1, "{point}");
        side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
    }
}

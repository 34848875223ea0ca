//! A batch refund of a thousand orders: each keeps its line of the story.

use alipay::Fen;
use chrono::Utc;
use simulator::BatchRefundLine;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_thousand_refunds_is_recorded_completely() {
    let mut world = World::new(0);
    world.place_orders("K", 1000);
    // Paid, as their trades say.
    world.sql(
        "INSERT INTO trade (order_id, trade_no, facts, gmt_create, gmt_payment) \
         SELECT id, CONCAT('20261120220014000000000', RIGHT(id, 5)), 'paid', created_at, created_at \
         FROM user_order",
    );
    let mut trade = world.trade("K000001");
    let items: Vec<BatchRefundLine> = (1..=1000)
        .map(|number| {
            BatchRefundLine::success(&format!("20261120220014000000000{number:05}"), Fen::new(1000))
        })
        .collect();
    let batch = trade.batch_refund_notify("20261120001", &items, Utc::now());
    world.send(batch).await;
    let _worker = world.worker();
    world.wait_for_count("user_order WHERE status = 105", 1000);
    let whole = "notification WHERE kind = 'batch_refund' AND changes IS NULL \
                 AND LENGTH(long_changes) > 65535 AND JSON_LENGTH(long_changes) = 1000";
    assert_eq!(world.count(whole), 1);
    for order in ["K000001", "K000500", "K001000"] {
        let shown = world.pipeline.show(order).expect("an order");
        let told = &shown["story"][0];
        assert_eq!(told["kind"], "batch_refund", "{order}: {shown:#}");
        assert_eq!(told["changes"]["status"]["after"], 105, "{order}");
        let words = world.pipeline.ops(&["order", "show", order]).expect("an order");
        assert!(words.contains("refunded 0.00 -> 10.00 yuan"), "{words}");
    }
}

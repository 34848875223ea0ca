//! `ops close`

use crate::world::World;

#[test]
fn an_unpaid_trade_is_closed_at_alipay_before_its_order() {
    let world = World::new();
    let _worker = world.worker();
    for (id, merchant) in [("A-1", "shop"), ("B-1", "app")] {
        world.order(id, merchant);
        let unknown = world.run(&format!("close {id} --output json"));
        let unknown = unknown.ended(1, "Alipay knows no such trade").json();
        assert_eq!(unknown["answer"], "not_exist");
        let text = world.run(&format!("close {id}")).ended(1, "").stdout;
        assert!(text.contains("may still pay"), "{text}");
        assert_eq!(world.json(&format!("order show {id}"))["status"], 0);

        world.buyer("wait", id, merchant);
        assert_eq!(world.json(&format!("close {id}"))["answer"], "closed");
        assert_eq!(world.trade(id, merchant)["status"], "TRADE_CLOSED");
        world.until(id, |order| order["status"] == 32);
        let again = world.json(&format!("close {id}"));
        assert_eq!(again["answer"], "already_closed");
        let text = world.run(&format!("close {id}")).ended(0, "").stdout;
        assert!(text.contains("was closed") && text.contains("nothing was sent"), "{text}");
        world.run(&format!("pay-link {id}")).ended(1, "is closed");
    }
    world.run("close nothing").ended(1, "there is no order nothing");
}

#[test]
fn closing_a_paid_order_is_refused() {
    let mut world = World::new();
    let worker = world.paid(&[("A-1", "shop")]);
    world.run("close A-1").ended(1, "order A-1 is paid");
    for (id, merchant) in [("A-2", "shop"), ("B-2", "app")] {
        world.order(id, merchant);
        world.buyer("pay", id, merchant);
        let answer = world.run(&format!("close {id} --output json"));
        assert_eq!(answer.ended(1, "is it paid?").json()["answer"], "refused");
        // The workers have queried the gateway.
        world.until(id, |order| order["status"] == 8);
    }
    drop(worker);
    world.order("B-3", "app");
    world.set_gateway("http://127.0.0.1:1/gateway.do");
    world.run("close B-3").ended(3, "no_connection");
}

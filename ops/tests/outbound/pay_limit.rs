//! `ops pay-link` for orders with a time limit, and for accounts that demand more.

use store::Pool;

use crate::pay_link::get;
use crate::world::World;

fn sql(world: &World, statement: &str) {
    let mut connection = Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, statement).unwrap();
}

#[test]
fn pay_links_carry_the_time_limit_of_the_order() {
    let world = World::new();
    for (id, merchant, name) in [("A-1", "shop", "it_b_pay"), ("B-1", "app", "time_expire")] {
        let order = format!("order create {id} --merchant {merchant} --product gift");
        let order = world.json(&format!("{order} --expires-after 2h"));
        assert!(order["expires_at"].is_string(), "{order}");
        let answer = world.json(&format!("pay-link {id}"));
        assert_eq!(answer["limit"][0], name, "{answer}");
        let value = answer["limit"][1].as_str().unwrap();
        if merchant == "shop" {
            assert!(["119m", "120m"].contains(&value), "{value}");
        } else {
            let until = order["expires_at"].as_str().unwrap();
            assert_eq!(value.replace(' ', "T"), until[..19], "{until}");
        }
        let link = answer["link"].as_str().unwrap();
        assert!(link.contains(name), "{link}");
        let page = get(link);
        assert_eq!(page.status / 10, 30, "the gateway refuses the link: {page:?}");

        let shown = world.run(&format!("order show {id}")).ended(0, "").stdout;
        assert!(shown.contains("can be paid until 20"), "{shown}");
        sql(&world, "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND");
        world.run(&format!("pay-link {id}")).ended(1, "could be paid until");
        let shown = world.run(&format!("order show {id}")).ended(0, "").stdout;
        assert!(shown.contains("not closed yet: its time ended"), "{shown}");
    }
    world.order("A-2", "shop");
    assert!(world.json("pay-link A-2").get("limit").is_none());
    for bad in ["0s", "30", "1.5h"] {
        let order = "order create A-3 --merchant shop --product gift";
        world.run(&format!("{order} --expires-after {bad}")).ended(2, "a length of time");
    }
}

#[test]
fn pay_links_carry_the_anti_phishing_key_and_buyer_address() {
    let mut world = World::new();
    let demands = ["--demand-anti-phishing-key", "shop", "--demand-exter-invoke-ip", "shop"];
    world.start_alipay(&demands);
    world.order("A-1", "shop");
    let link = |world: &World, options: &str| {
        let answer = world.run(&format!("pay-link A-1 {options}")).ended(0, "").stdout;
        get(answer.trim())
    };
    let refused = link(&world, "");
    assert!(refused.body.contains("ILLEGAL_ANTI_PHISHING_KEY"), "{refused:?}");
    let refused = link(&world, "--anti-phishing");
    assert!(refused.body.contains("ILLEGAL_EXTER_INVOKE_IP"), "{refused:?}");
    let taken = link(&world, "--anti-phishing --exter-invoke-ip 203.0.113.7");
    assert_eq!(taken.status / 10, 30, "{taken:?}");

    world.run("pay-link A-1 --exter-invoke-ip home").ended(2, "invalid IP address");
    world.order("B-1", "app");
    world.run("pay-link B-1 --anti-phishing").ended(2, "merchant app is at the Open Platform");
    world
        .run("pay-link B-1 --exter-invoke-ip 203.0.113.7")
        .ended(2, "--exter-invoke-ip: merchant app");
    world.set_gateway("http://127.0.0.1:1/gateway.do");
    world.run("pay-link A-1 --anti-phishing").ended(3, "no_connection");
}

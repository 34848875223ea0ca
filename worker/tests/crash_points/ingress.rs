//! The ingress dies at each of its points, and Alipay repeats.

use std::time::Duration;

use service::crash_point;
use simulator::{RepeatSchedule, Sender};
use testkit::WAIT_LIMIT;

use crate::dying::{died_by, start};
use crate::load::{id_of, sign};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_whose_ingress_died_is_repeated_and_delivered_once() {
    let mut world = World::new(20);
    let _worker = world.worker();
    let points = crash_point::ALL.into_iter().filter(|point| point.starts_with("ingress."));
    for (number, point) in (1..).zip(points) {
        world.place_orders(&format!("I{number}"), 1);
        let order = format!("I{number}000001");
        let mut armed = start(&world, "ingress", &[("CRASH_POINT", point)]);
        let line = armed.wait_until_ready();
        let address = line.value("listen").to_owned();

        let signed = sign(world.payment(&order));
        let message_id = id_of(&signed);
        let to = format!("http://{address}/alipay/shop/notify").parse().expect("a URI");
        let alipay = tokio::spawn(async move {
            let gap = Duration::from_millis(100);
            let schedule = RepeatSchedule::alipay(u32::MAX).endless(gap).give_up_after(WAIT_LIMIT);
            Sender::new(WAIT_LIMIT).deliver(&to, &signed, &schedule).await
        });
        died_by(&mut armed, point);
        let here = ("ALIPAY__INGRESS__LISTEN", address.as_str());
        let mut successor = start(&world, "ingress", &[here]);
        let delivery = alipay.await.expect("a task").expect("a delivery");
        assert!(!delivery.attempts[0].is_success(), "{point}: answered by a dead ingress");
        assert!(delivery.is_success(), "{point}: {:?}", delivery.attempts.last());

        world.wait_for_count(&format!("user_order WHERE id = '{order}' AND is_send_goods"), 1);
        // If it dies before the publish, there is one message. If it dies after the confirm, the repeat is a copy.
        let seen = if point == "ingress.after_confirm" { 2 } else { 1 };
        let inbox = format!("notification WHERE message_id = '{message_id}'");
        world.wait_for_count(&format!("{inbox} AND seen >= {seen}"), 1);
        assert_eq!(world.count(&format!("{inbox} AND seen = {seen}")), 1, "{point}");
        assert_eq!(world.count(&format!("stock_item WHERE order_id = '{order}'")), 1, "{point}");
        successor.terminate();
        assert!(successor.wait().success(), "{point}");
    }
    assert_eq!(world.dead_letters(), []);
}

//! Findings at the broker.

use super::*;

fn broker(change: impl FnOnce(&mut BrokerState)) -> Vec<String> {
    found(|it| change(it.broker.as_mut().unwrap()))
}

#[test]
fn alarms_of_the_broker() {
    let alarm = |resource: &str| BrokerAlarm { node: "rabbit@a".into(), resource: resource.into() };
    assert_eq!(broker(|it| it.alarms = vec![alarm("memory")]), ["NOW broker_memory_alarm"]);
    assert_eq!(broker(|it| it.alarms = vec![alarm("disk")]), ["NOW broker_disk_alarm"]);
    assert_eq!(
        broker(|it| it.alarms = vec![alarm("file_descriptor_limit")]),
        ["NOW broker_blocked"]
    );
    let blocked = |reason: &str| broker(|it| it.blocked = Some(reason.to_owned()));
    assert_eq!(blocked("low on memory"), ["NOW broker_memory_alarm"]);
    assert_eq!(blocked("low on disk"), ["NOW broker_disk_alarm"]);
    assert_eq!(blocked("low on memory & disk"), ["NOW broker_memory_alarm"]);
    assert_eq!(blocked(""), ["NOW broker_blocked"]);
    // Both sources tell of one thing.
    let both = broker(|it| {
        it.alarms = vec![alarm("memory"), alarm("memory")];
        it.blocked = Some("low on memory".into());
    });
    assert_eq!(both, ["NOW broker_memory_alarm"]);
}

#[test]
fn topology() {
    let with = |topology: TopologyState| broker(|it| it.topology = Some(topology));
    let exchange = |name: &str| TopologyObject::Exchange { name: name.into(), kind: "direct" };
    assert_eq!(with(TopologyState::default()), [""; 0]);
    let missing =
        TopologyState { missing: vec![exchange("alipay.notify")], ..TopologyState::default() };
    assert_eq!(with(missing.clone()), ["NOW topology_missing"]);
    let text = printed(&judged(|it| it.broker.as_mut().unwrap().topology = Some(missing)));
    assert!(
        text.contains("1 thing missing at the broker: direct exchange alipay.notify\n"),
        "{text}"
    );
    let many = TopologyState {
        missing: (0..5).map(|n| exchange(&n.to_string())).collect(),
        ..TopologyState::default()
    };
    let text = printed(&judged(|it| it.broker.as_mut().unwrap().topology = Some(many)));
    assert!(text.contains("5 things missing") && text.contains("and 2 more"), "{text}");
    let differs = TopologyState {
        conflicts: vec!["queue x is there with other arguments".into()],
        ..TopologyState::default()
    };
    assert_eq!(with(differs), ["NOW topology_differs"]);
    let odd = |odd: Odd| TopologyState { odd: vec![odd], ..TopologyState::default() };
    let unknown = Odd::UnknownExchange { name: "alipay.x".into() };
    assert_eq!(with(odd(unknown)), ["to do topology_odd"]);
    let full = Odd::Full { queue: "alipay.dead".into(), policy: "p".into(), limit: 1, messages: 1 };
    assert_eq!(with(odd(full)), ["NOW topology_odd"]);
}

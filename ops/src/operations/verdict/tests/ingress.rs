//! Findings at the ingress.

use super::*;

/// An ingress that answers so, with `accepted` and `bad_signature` by merchant.
fn ingress(answer: IngressAnswer, counts: &[(&str, u64, u64)]) -> impl FnOnce(&mut Overview) {
    let count = |&(merchant, accepted, bad_signature): &(&str, u64, u64)| {
        (merchant.to_owned(), Notifications { accepted, bad_signature })
    };
    let notifications = counts.iter().map(count).collect();
    let counted = Some(Counted { notifications, ..Counted::default() });
    let look = IngressLook { address: "127.0.0.1:9100".to_owned(), answer, counted };
    |it| it.ingress = Some(look)
}

#[test]
fn an_ingress_that_is_away_or_not_ready() {
    assert_eq!(found(ingress(IngressAnswer::Ready, &[])), [""; 0]);
    let not_ready = || IngressAnswer::NotReady("broker, work queue".to_owned());
    assert_eq!(found(ingress(not_ready(), &[])), ["NOW ingress_not_ready"]);
    let text = printed(&judged(ingress(not_ready(), &[])));
    assert!(
        text.contains("the ingress at 127.0.0.1:9100 is not ready: broker, work queue\n"),
        "{text}"
    );
    // It may run on another machine.
    for (answer, seen) in [
        (
            IngressAnswer::Nothing,
            "nothing answers at 127.0.0.1:9100 (ingress.admin_listen): the ingress is down, or runs on another machine",
        ),
        (
            IngressAnswer::Stranger,
            "what answers at 127.0.0.1:9100 (ingress.admin_listen) is not the ingress",
        ),
    ] {
        assert_eq!(found(ingress(answer.clone(), &[])), ["to do ingress_away"]);
        let verdict = judged(ingress(answer, &[]));
        assert_eq!(verdict.answer, SystemHealth::Well);
        assert!(
            verdict.findings[0].describe().seen.starts_with(seen),
            "{}",
            verdict.findings[0].describe().seen
        );
    }
}

#[test]
fn signatures_that_the_ingress_refuses() {
    let with = |counts: &[(&str, u64, u64)]| found(ingress(IngressAnswer::Ready, counts));
    assert_eq!(with(&[("shop", 0, 1)]), ["soon signatures_refused"]);
    assert_eq!(with(&[("shop", 4, 5)]), ["soon signatures_refused"]);
    // Strangers forge now and then.
    for well in [(0, 0), (1, 0), (1, 1), (5, 4)] {
        assert_eq!(with(&[("shop", well.0, well.1)]), [""; 0], "{well:?}");
    }
    // A merchant whose key is right does not hide one whose key is wrong.
    let verdict = judged(ingress(IngressAnswer::Ready, &[("app", 2, 3), ("shop", 1000, 0)]));
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(
        verdict.findings[0].describe().seen,
        "since its start the ingress accepted 2 and refused 3 notifications of app: bad_signature 3"
    );
    assert!(verdict.findings[0].describe().to_do.ends_with("ops verify --merchant app"));
    assert_eq!(
        found(ingress(IngressAnswer::NotReady("broker".to_owned()), &[("app", 0, 1)])),
        ["NOW ingress_not_ready", "soon signatures_refused"]
    );
}

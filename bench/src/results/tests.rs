#![allow(clippy::unwrap_used, reason = "a test")]

use super::*;

fn summary(scenario: Scenario, rate: f64, core_us: &[(MeasuredPart, f64)]) -> ScenarioSummary {
    ScenarioSummary {
        scenario,
        rate: Spread { median: rate, least: rate, most: rate },
        core_us: core_us.iter().copied().collect(),
        answer_us: None,
        row_us: None,
        memory: BTreeMap::new(),
    }
}

fn measurement(scenario: Scenario, notifications: usize, memory: u64) -> Measurement {
    let at = |us| Some(Quantiles { p50: us, p99: us * 2, max: us * 3 });
    Measurement {
        scenario,
        notifications,
        seconds: 1.0,
        core_us: [(MeasuredPart::Worker, notifications as f64)].into(),
        answer_us: at(notifications as u64),
        row_us: None,
        memory: [(MeasuredPart::Worker, memory)].into(),
    }
}

fn value(ratios: &[Ratio], name: &str) -> Option<f64> {
    ratios.iter().find(|ratio| ratio.name == name).map(|ratio| ratio.value)
}

#[test]
fn a_summary_has_medians_with_their_spread_and_the_most_memory() {
    let all =
        [(5, 9), (1, 7), (3, 8)].map(|(it, memory)| measurement(Scenario::Steady, it, memory));
    let summaries = summaries(&all);
    let [steady] = summaries.as_slice() else { unreachable!("{summaries:?}") };
    let Spread { median, least, most } = steady.rate;
    assert_eq!((median, least, most), (3.0, 1.0, 5.0));
    assert_eq!(steady.core_us[&MeasuredPart::Worker], 3.0);
    assert_eq!(steady.memory[&MeasuredPart::Worker], 9);
    let answer = steady.answer_us.unwrap();
    assert_eq!((answer.p50, answer.p99, answer.max), (3, 6, 9));
    assert!(steady.row_us.is_none());
}

/// Two cores, and parts that take 10, 30, 20 and 40 core-µs: 20,000 a second at most.
#[test]
fn a_ceiling_is_the_cores_divided_by_what_the_parts_take_alone() {
    let part = MeasuredPart::Bench;
    let all = [
        summary(Scenario::BareHttp, 1.0, &[(part, 10.0)]),
        summary(Scenario::ConfirmedPublish, 1.0, &[(part, 10.0), (MeasuredPart::Broker, 20.0)]),
        summary(Scenario::ConsumeAndAck, 1.0, &[(part, 20.0)]),
        summary(Scenario::RowsAlone, 1.0, &[(part, 40.0)]),
        summary(Scenario::Pipeline, 10_000.0, &[]),
        summary(Scenario::IngressMd5, 25_000.0, &[]),
        summary(Scenario::PhpMd5, 2_000.0, &[]),
    ];
    let ratios = ratios(&all, 2);
    assert_eq!(value(&ratios, "pipeline / its additive ceiling"), Some(0.5));
    assert_eq!(value(&ratios, "ingress MD5 / its additive ceiling"), Some(0.5));
    assert_eq!(value(&ratios, "pipeline / PHP handler"), Some(5.0));
    // Of what was not measured there is no ratio.
    assert_eq!(value(&ratios, "worker drain / its additive ceiling"), None);
    assert_eq!(value(&ratios, "ingress RSA2 / Node handler"), None);
    assert_eq!(value(&ratios, "row p99 at a fixed rate, ms"), None);
}

#[test]
fn a_target_is_met_on_its_own_side() {
    let ratio = |value, above| Ratio { name: "", value, target: 1.0, above };
    let met = [(0.9, true), (1.0, true), (1.1, true), (0.9, false), (1.0, false), (1.1, false)]
        .map(|(value, above)| ratio(value, above).is_met());
    assert_eq!(met, [false, true, true, true, true, false]);
}

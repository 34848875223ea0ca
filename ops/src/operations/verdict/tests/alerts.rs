//! `ops status` and the alert rules call the same thing wrong.

use config::certificates::WARN_DAYS;
use worker::CLOCK_TOLERANCE;

use super::super::work::{BACKLOG, RETRIES};

const RULES: &str = include_str!("../../../../../docs/alerts.yml");

/// The expression of a rule, without the condition under which it is silent.
fn expression(alert: &str) -> &'static str {
    let (_, rule) = RULES.split_once(&format!("- alert: {alert}\n")).unwrap();
    let expression = rule.lines().find_map(|line| line.trim().strip_prefix("expr: ")).unwrap();
    expression.split(" unless ").next().unwrap_or_default()
}

#[test]
fn thresholds_are_those_of_the_alert_rules() {
    for (alert, compares) in [
        ("AlipayBacklog", format!("> {BACKLOG}")),
        ("AlipayOrdersNotFound", format!("> {RETRIES}")),
        ("AlipayCertificateEnds", format!("< {WARN_DAYS} * 86400")),
        ("AlipayClocksDisagree", format!("> {}", CLOCK_TOLERANCE.num_seconds())),
    ] {
        assert!(expression(alert).ends_with(&compares), "{alert}: {compares}");
    }
}

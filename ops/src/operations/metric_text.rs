//! Reads what a program reports for Prometheus.

/// The values of a counter, each with its labels.
pub(crate) fn counters<'a>(
    metrics: &'a str,
    name: &'a str,
) -> impl Iterator<Item = (Labels<'a>, u64)> {
    metrics.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(labelled) => labelled.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        Some((Labels(labels), value.parse().ok()?))
    })
}

/// The labels of one value: `name="value",…`. No value of ours holds a quote or a comma.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a>(&'a str);

impl<'a> Labels<'a> {
    /// The value of a label.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        let mut pairs = self.0.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::counters;

    #[test]
    fn counters_are_read_by_name_with_their_labels() {
        let metrics = "# TYPE alipay_a_total counter\n\
            alipay_a_total{merchant=\"shop\",outcome=\"success\"} 7\n\
            alipay_a_total{outcome=\"fail\"} 2\n\
            alipay_a_total_other{outcome=\"fail\"} 9\n\
            alipay_b 3\nalipay_b broken\nalipay_b{ 4\n";
        let read = |name: &'static str| -> Vec<(Option<&str>, u64)> {
            counters(metrics, name).map(|(labels, value)| (labels.get("outcome"), value)).collect()
        };
        assert_eq!(read("alipay_a_total"), [(Some("success"), 7), (Some("fail"), 2)]);
        assert_eq!(read("alipay_b"), [(None, 3)]);
        assert_eq!(read("alipay_c"), []);
        assert_eq!(counters("", "alipay_a_total").count(), 0);
    }
}

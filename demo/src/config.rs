//! The configuration of all programs of the demo, in one file: programs that are started with it need no variables.

use testkit::Merchants;

/// The secret of the demo's merchant at the legacy gateway. Not a secret.
pub(crate) const MD5_KEY: &str = "demo0secret0of0the0legacy0gateway";

/// What differs from one start of the programs to the next.
pub(crate) struct DemoConfig<'a> {
    pub(crate) database_url: &'a str,
    pub(crate) amqp_url: &'a str,
    /// `HOST:PORT`
    pub(crate) ingress: &'a str,
    /// `http://HOST:PORT` of the simulator; none before it listens, since it reads this file, too.
    pub(crate) alipay: Option<&'a str>,
    /// Age at which workers ask the gateway about an order that is not paid.
    pub(crate) query_unpaid_after: &'a str,
}

impl DemoConfig<'_> {
    pub(crate) fn text(&self) -> String {
        let DemoConfig { database_url, amqp_url, ingress, query_unpaid_after, .. } = self;
        let gateway = self.alipay.map(|alipay| format!("{alipay}/gateway.do"));
        let merchants = Merchants { md5_key: MD5_KEY, gateway: gateway.as_deref() };
        format!(
            r#"# The demo's configuration, complete: ops --config THIS-FILE status
[database]
url = "{database_url}"

[amqp]
url = "{amqp_url}"

[ingress]
listen = "{ingress}"
admin_listen = "127.0.0.1:0"

[worker]
admin_listen = "127.0.0.1:0"
query_unpaid_after = "{query_unpaid_after}"      # far too short for a shop

[events]
enabled = true
{merchants}"#
        )
    }
}

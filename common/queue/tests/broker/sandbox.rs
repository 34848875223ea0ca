//! Stands in for testkit while that is being written.
pub(crate) struct Sandbox {
    pub(crate) amqp_url: String,
    name: String,
}
fn curl(method: &str, path: &str, body: &str) {
    let status = std::process::Command::new("curl")
        .args(["-sf", "-u", "guest:guest", "-X", method, "-H", "content-type: application/json"])
        .args(["-d", body, &format!("http://127.0.0.1:21673/api/{path}")])
        .status()
        .unwrap();
    assert!(status.success(), "{method} {path}");
}
impl Sandbox {
    pub(crate) fn broker_only() -> Sandbox {
        let name = format!("q{}", rand::random::<u64>());
        curl("PUT", &format!("vhosts/{name}"), "{}");
        curl(
            "PUT",
            &format!("permissions/{name}/guest"),
            r#"{"configure":".*","write":".*","read":".*"}"#,
        );
        Sandbox { amqp_url: format!("amqp://guest:guest@127.0.0.1:21672/{name}"), name }
    }
}
impl Drop for Sandbox {
    fn drop(&mut self) {
        curl("DELETE", &format!("vhosts/{}", self.name), "");
    }
}

//! The configuration file where none is named.

use std::path::Path;

/// Taken where no file is named.
const FILE: &str = "alipay.toml";

/// The file that is named, else the one in the working folder. Which one it is, or that there is none and the
/// defaults count alone, is logged: a program that talks to another database than was meant does not say why.
pub(super) fn or_default(file: Option<&Path>) -> Option<&Path> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if file.is_some() || is_set("ALIPAY_CONFIG") {
        return file;
    }
    if Path::new(FILE).is_file() {
        tracing::warn!("no --config: taking ./{FILE}");
        return Some(Path::new(FILE));
    }
    let is_ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("ALIPAY__");
    let environment = is_set("DATABASE_URL")
        || is_set("AMQP_URL")
        || std::env::vars_os().any(|(name, _)| is_ours(&name));
    if !environment {
        tracing::warn!(
            "no configuration: --config and ALIPAY_CONFIG name no file, there is no ./{FILE}, and neither DATABASE_URL nor \
             AMQP_URL is set; the defaults are used, mysql://root@127.0.0.1:3306/alipay and amqp://127.0.0.1:5672"
        );
    }
    None
}

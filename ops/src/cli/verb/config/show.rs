//! `ops config show`

use std::path::Path;

use clap::Args;
use config::Config;

use crate::cli::output::Output;
use crate::cli::table::list;
use crate::failure::Failure;

/// Print the effective configuration: each key, its value, and the source of the value
///
/// The source is `default`, FILE:LINE, or an environment variable, which overrides the file. Secrets are shown as fingerprints
/// of 16 hex digits: for an MD5 key or a token the beginning of its SHA-256; for an RSA key that of its public key (SPKI); for
/// a certificate the serial number that Alipay uses. In URLs the fingerprint replaces the password. Keys that are not set and
/// have no default are left out. `ops check` says whether a configuration can be used.
///
/// Exits with 2 if the configuration cannot be used.
///
/// Example: ops config show
/// Example: ops config show --only merchants.shop --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConfigShowArgs {
    /// Only keys that begin with this: a section, a merchant or a key
    #[arg(long, value_name = "PREFIX")]
    only: Option<String>,
}

impl ConfigShowArgs {
    pub(crate) fn run(self, file: Option<&Path>, output: Output) -> Result<(), Failure> {
        let mut settings = Config::shown(file)?;
        if let Some(only) = &self.only {
            let inside = |key: &str| {
                key.strip_prefix(only.as_str()).is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('.') || only.ends_with('.')
                })
            };
            settings.retain(|setting| inside(&setting.key));
            if settings.is_empty() {
                return Err(Failure::Refused(format!("no key that is set begins with {only}")));
            }
        }
        output.print(&settings, || {
            list(&settings)
                .column("key", |setting| &setting.key)
                .column("value", |setting| &setting.value)
                .column("from", |setting| &setting.from)
                .text()
        })
    }
}

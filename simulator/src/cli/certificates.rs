//! `simulator certificates`.

use std::io::{self, Write};
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct CertificatesArguments {
    /// The folder to write to; if a file exists already, it is kept and the command fails.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The app id in the application's certificate.
    #[arg(long, value_name = "APP_ID", default_value = "2021000000000001")]
    app_id: String,
    /// The number of days for which the certificates are valid.
    #[arg(long, default_value = "365", value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
}

impl CertificatesArguments {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let mut out = io::stdout();
        for file in simulator::write_certificates(&self.dir, &self.app_id, self.days, Utc::now())? {
            writeln!(out, "{}", file.display())?;
        }
        Ok(())
    }
}

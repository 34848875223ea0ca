//! Runs `ops` at a terminal.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use nix::pty::{Winsize, openpty};
use testkit::Sandbox;

/// The program at a terminal of its own.
pub(crate) struct AtTerminal {
    child: Child,
    screen: File,
}

impl AtTerminal {
    /// Starts it with the servers of the sandbox, at a terminal of this size.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &str, rows: u16, columns: u16) -> AtTerminal {
        AtTerminal::start_with(sandbox, &[], arguments, rows, columns)
    }

    /// The same, with more variables.
    pub(crate) fn start_with(
        sandbox: &Sandbox,
        environment: &[(&str, &str)],
        arguments: &str,
        rows: u16,
        columns: u16,
    ) -> AtTerminal {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).expect("a terminal");
        let child = Command::new(env!("CARGO_BIN_EXE_ops"))
            .args(arguments.split_whitespace())
            .env_remove("ALIPAY_CONFIG")
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color")
            .env("DATABASE_URL", &sandbox.database_url)
            .env("AMQP_URL", &sandbox.amqp_url)
            .envs(environment.iter().copied())
            .stdin(pair.slave.try_clone().expect("a descriptor"))
            .stdout(pair.slave)
            .stderr(Stdio::null())
            .spawn()
            .expect("ops starts");
        AtTerminal { child, screen: File::from(pair.master) }
    }
    /// Its output until it ends, and its exit code.
    pub(crate) fn ended(mut self) -> (i32, String) {
        let mut seen = Vec::new();
        let mut part = [0; 4096];
        // On Linux, reading from a terminal that is closed on the other side is an error: the end.
        while let Ok(read @ 1..) = self.screen.read(&mut part) {
            seen.extend_from_slice(&part[..read]);
        }
        let code = self.child.wait().expect("ops ends").code().expect("no signal");
        (code, String::from_utf8(seen).expect("UTF-8").replace("\r\n", "\n"))
    }
}

//! `ops status --watch` on a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, Winsize, openpty};
use testkit::Sandbox;

use crate::program::NOBODY;
use crate::shop::Shop;

/// The program on a terminal of 24 rows and 80 columns.
struct Watch {
    program: Child,
    keyboard: File,
    output: mpsc::Receiver<Vec<u8>>,
    seen: String,
}

impl Watch {
    fn start(database_url: &str, amqp_url: &str) -> Watch {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let program = Command::new(env!("CARGO_BIN_EXE_ops"))
            .args(["status", "--watch", "1"])
            .env_remove("ALIPAY_CONFIG")
            .envs([("DATABASE_URL", database_url), ("AMQP_URL", amqp_url), ("RUST_LOG", "info")])
            .env("NO_COLOR", "1")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let (sender, output) = mpsc::channel();
        let mut screen = File::from(master.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                let _ = sender.send(bytes[..read].to_vec());
            }
        });
        Watch { program, keyboard: File::from(master), output, seen: String::new() }
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let began = Instant::now();
        while !self.seen.contains(text) {
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                self.seen.push_str(&String::from_utf8_lossy(&bytes));
            }
            assert!(began.elapsed() < Duration::from_secs(60), "never {text:?}:\n{:?}", self.seen);
        }
    }

    /// Presses a key, and waits for the end.
    #[track_caller]
    fn press(mut self, key: &[u8]) -> (Option<i32>, String) {
        self.keyboard.write_all(key).unwrap();
        self.wait_for("\u{1b}[?1049l");
        (self.program.wait().unwrap().code(), self.seen)
    }
}

/// The lines of the last redraw.
fn lines(seen: &str) -> Vec<&str> {
    let looks: Vec<&str> = seen.split("\u{1b}[H").collect();
    let last = looks[looks.len() - 1];
    last.split("\u{1b}[J")
        .next()
        .unwrap()
        .split("\r\n")
        .map(|line| line.trim_end_matches("\u{1b}[K"))
        .collect()
}

#[test]
fn the_screen_redraws_in_place_and_ends_on_a_key() {
    let shop = Shop::new(Sandbox::new());
    for key in [b"q", b"\x03"] {
        let mut watch = Watch::start(&shop.sandbox.database_url, &shop.sandbox.amqp_url);
        watch.wait_for("\u{1b}[?1049h");
        watch.wait_for("NOW   no_workers");
        watch.wait_for("in a minute:");
        watch.wait_for("\u{1b}[J");
        let (code, seen) = watch.press(key);
        assert_eq!(code, Some(0));
        let lines = lines(&seen);
        assert!(lines.len() <= 24, "{lines:#?}");
        assert!(lines.iter().all(|line| console::measure_text_width(line) <= 80), "{lines:#?}");
        assert!(lines[0].ends_with("(every 1 s, q ends)"), "{lines:#?}");
        assert_eq!(lines[1], "1 thing is wrong");
        assert!(lines.last().unwrap().contains("more lines"), "{lines:#?}");
        assert!(seen.ends_with("\u{1b}[?25h\u{1b}[?1049l"), "{seen:?}");
        let drawn = seen.split("\u{1b}[?1049h").nth(1).unwrap();
        assert!(!drawn.contains(" INFO "), "the log is drawn over: {drawn:?}");
    }
}

/// Servers that do not answer take seconds; the end does not wait for them.
#[test]
fn the_screen_ends_at_once_during_a_query() {
    let mut watch = Watch::start(NOBODY.0, NOBODY.1);
    watch.wait_for("\u{1b}[?1049h");
    let (code, _) = watch.press(b"q");
    assert_eq!(code, Some(0));
}

#[test]
fn the_terminal_is_restored_at_the_end() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let mut watch = Watch::start(NOBODY.0, NOBODY.1);
    watch.wait_for("\u{1b}[?1049h");
    // The signal handler is installed once it has drawn.
    watch.wait_for("\u{1b}[J");
    kill(Pid::from_raw(watch.program.id().cast_signed()), Signal::SIGTERM).unwrap();
    watch.wait_for("\u{1b}[?25h\u{1b}[?1049l");
    assert!(watch.program.wait().unwrap().success());
}

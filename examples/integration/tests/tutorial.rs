//! Runs `docs/tutorial.md` as it stands: its `sh` blocks are typed into one shell, in order, in a fresh folder, and what is
//! printed is compared with the `text` block that follows.
//!
//! The two ports of the document are replaced by free ones. The block that builds the programs is `console` and is not run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use integration::{Block, blocks, compare};
use testkit::{Sandbox, poll};

const LONG: Duration = Duration::from_secs(60);

/// Printed after each block, so that its end is seen.
const MARK: &str = "--- the block has ended ---";

/// What may be asked again until the answer is there: workers need a moment.
const QUESTIONS: [&str; 3] = ["ops order show ", "ops dlq list", "ops audit"];

#[test]
fn the_tutorial_does_what_it_shows() {
    let document = with_free_ports(&read("docs/tutorial.md"));
    let blocks: Vec<Block> =
        blocks(&document).into_iter().filter(|block| block.language != "console").collect();
    assert!(blocks.iter().filter(|block| block.language == "sh").count() > 15);
    let sandbox = Sandbox::new();
    let mut shell = Shell::open(&sandbox);
    for (number, block) in blocks.iter().enumerate() {
        if block.language != "sh" {
            continue;
        }
        let shown = blocks.get(number + 1).filter(|block| block.language == "text");
        shell.run(block, shown);
    }
    assert!(shell.ends(), "the shell does not end after the last block");
}

#[test]
fn both_languages_have_the_same_commands() {
    let [english, chinese] = ["docs/tutorial.md", "docs/tutorial.zh-CN.md"].map(|document| {
        let blocks = blocks(&read(document)).into_iter();
        blocks.map(|block| (block.language, block.text)).collect::<Vec<_>>()
    });
    assert_eq!(english, chinese);
}

/// A shell whose input is what a person types.
struct Shell {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    folder: tempfile::TempDir,
}

impl Shell {
    fn open(sandbox: &Sandbox) -> Shell {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("target")).unwrap();
        std::os::unix::fs::symlink(programs(), folder.path().join("target/debug")).unwrap();
        let log = std::fs::File::create(folder.path().join("stderr")).unwrap();
        let mut child = Command::new("bash")
            .args(["--norc", "--noprofile"])
            .current_dir(folder.path())
            .envs(sandbox.environment())
            .env_remove("ALIPAY_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Shell { child, input, lines, folder }
    }

    /// Types a block, and waits until what it prints is what the document shows.
    fn run(&mut self, block: &Block, shown: Option<&Block>) {
        let since = Instant::now();
        let is_question = |line: &str| QUESTIONS.iter().any(|question| line.starts_with(question));
        let only_asks = block.text.lines().all(is_question);
        let starts = block.text.contains(" & ");
        let is_last = block.text.lines().last() == Some("exit");
        self.type_in(&block.text, is_last);
        let mut printed = if is_last { String::new() } else { self.printed() };
        let Some(shown) = shown else { return };
        while let Err(difference) = compare(&shown.text, &printed) {
            let line = block.line;
            assert!(
                (only_asks || starts) && since.elapsed() < LONG,
                "docs/tutorial.md:{line}: {:?} does not follow in\n{printed}\n{}",
                difference.shown,
                self.errors()
            );
            // A worker is at it, or a program is about to be ready.
            std::thread::sleep(Duration::from_millis(50));
            if only_asks {
                self.type_in(&block.text, false);
                printed = self.printed();
            } else {
                self.type_in("", false);
                printed += &self.printed();
            }
        }
    }

    fn type_in(&mut self, text: &str, is_last: bool) {
        let mark = if is_last { String::new() } else { format!("echo '{MARK}'\n") };
        let input = self.input.as_mut().unwrap();
        write!(input, "{text}{mark}")
            .and_then(|()| input.flush())
            .unwrap_or_else(|error| panic!("{error}: {text}"));
    }

    /// What is printed until the mark.
    fn printed(&mut self) -> String {
        let since = Instant::now();
        let mut printed = String::new();
        loop {
            match self.lines.recv_timeout(LONG.saturating_sub(since.elapsed())) {
                Ok(line) if line == MARK => return printed,
                Ok(line) => printed += &format!("{line}\n"),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("the block does not end; until now: {printed}\n{}", self.errors())
                }
            }
        }
    }

    /// Whether the shell ends, once its input has ended.
    fn ends(&mut self) -> bool {
        self.input.take();
        poll(LONG, || self.child.try_wait().unwrap().ok_or(())).is_ok()
    }

    /// What was written to standard error, and to the logs of the programs.
    fn errors(&self) -> String {
        let folder = self.folder.path();
        let logs = [
            "stderr",
            ".run/tutorial/simulator.log",
            ".run/tutorial/ingress.log",
            ".run/tutorial/worker.log",
        ];
        logs.map(|log| {
            format!("--- {log}\n{}", std::fs::read_to_string(folder.join(log)).unwrap_or_default())
        })
        .join("")
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if let Some(mut input) = self.input.take() {
            // A block failed: the programs that it started end, too.
            let _ = input.write_all(b"kill $SIMULATOR $INGRESS $WORKER\nexit\nexit\n");
        }
        let ended = poll(Duration::from_secs(10), || match self.child.try_wait() {
            Ok(None) => Err(()),
            _ => Ok(()),
        });
        if ended.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The document with free ports in the place of its own.
fn with_free_ports(document: &str) -> String {
    let mut text = document.to_owned();
    for port in ["8080", "8090"] {
        assert!(text.contains(&format!("127.0.0.1:{port}")));
        let [free] = testkit::free_ports().unwrap();
        text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{free}"));
    }
    text
}

/// The folder of the programs that belong to this build.
fn programs() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.ancestors().find(|folder| folder.join("testkit").is_file());
    folder.expect("cargo build --workspace --bins first").to_owned()
}

fn read(document: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document))
        .unwrap()
}

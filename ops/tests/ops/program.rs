//! Runs `ops` and checks its result.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use testkit::{Program, Sandbox};

/// Nothing listens here.
pub(crate) const NOBODY: (&str, &str) =
    ("mysql://root:secret@127.0.0.1:1/nothing", "amqp://guest:secret@127.0.0.1:1/%2f");

/// The key of the merchant `shop`.
pub(crate) const KEY: &str = "a-key-nobody-should-see";

/// The configuration of the merchant `shop`, for all programs.
pub(crate) const SHOP: [(&str, &str); 4] = [
    ("ALIPAY__MERCHANTS__SHOP__PROTOCOL", "mapi"),
    ("ALIPAY__MERCHANTS__SHOP__SELLER_ID", "2088000000000001"),
    ("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5"),
    ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", KEY),
];

/// The program and its servers.
#[derive(Clone)]
pub(crate) struct Ops {
    environment: Vec<(String, String)>,
}

/// How a run ended.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ops {
    /// With a fresh schema, migrated, and whatever broker the sandbox has.
    pub(crate) fn with_schema(sandbox: &Sandbox) -> Ops {
        let ops = Ops::new(sandbox);
        ops.run("migrate").done();
        ops
    }

    /// With the servers of the sandbox; what it lacks cannot be reached.
    pub(crate) fn new(sandbox: &Sandbox) -> Ops {
        let or = |url: &String, nobody: &str| {
            if url.is_empty() { nobody.to_owned() } else { url.clone() }
        };
        Ops::at(&or(&sandbox.database_url, NOBODY.0), &or(&sandbox.amqp_url, NOBODY.1))
    }

    /// With these servers.
    pub(crate) fn at(database_url: &str, amqp_url: &str) -> Ops {
        let pairs = [("DATABASE_URL", database_url), ("AMQP_URL", amqp_url), ("RUST_LOG", "info")];
        Ops { environment: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec() }
    }

    /// The same with the merchant [`SHOP`], whose workers ask no gateway.
    pub(crate) fn with_shop(self) -> Ops {
        let worker =
            [("ALIPAY__WORKER__QUERIES", "false"), ("ALIPAY__WORKER__ADMIN_LISTEN", "127.0.0.1:0")];
        SHOP.into_iter().chain(worker).fold(self, |ops, (name, value)| ops.set(name, value))
    }

    /// One more variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Ops {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it with these arguments, and does not wait for its end.
    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        Program::start("ops", arguments, &self.environment())
    }

    /// Starts a worker with the same configuration, and waits until it is ready.
    pub(crate) fn worker(&self) -> Program {
        let mut worker = Program::start("worker", &[], &self.environment());
        worker.wait_until_ready();
        worker
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Runs with arguments that hold no spaces.
    pub(crate) fn run(&self, arguments: &str) -> Answer {
        self.run_with(&arguments.split_whitespace().collect::<Vec<_>>(), b"")
    }

    /// Runs with these arguments and this on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Answer {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ops"))
            .args(arguments)
            .env_remove("ALIPAY_CONFIG")
            .envs(self.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ops starts");
        // The input fits into a pipe, so a program that does not read it is no error.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin);
        Answer::of(child.wait_with_output().expect("ops ends"))
    }

    /// The output of `ops status` when something is wrong.
    pub(crate) fn status(&self) -> Value {
        self.run("status --output json").ended(1, "wrong").json()
    }

    /// Runs with `--output json` and exit code 0.
    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --output json")).done().json()
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Answer {
        Answer {
            code: output.status.code().expect("no signal"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// With exit code 0.
    #[track_caller]
    pub(crate) fn done(self) -> Answer {
        self.ended(0, "")
    }

    /// With this exit code, and this text on stderr.
    #[track_caller]
    pub(crate) fn ended(self, code: i32, said: &str) -> Answer {
        assert!(
            self.code == code && self.stderr.contains(said),
            "exit code {} (expected {code}), stderr should hold {said:?}:\n{}\nstdout:\n{}",
            self.code,
            self.stderr,
            self.stdout
        );
        self
    }

    /// What is on stdout, which must be JSON alone.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout))
    }
}

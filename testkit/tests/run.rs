//! `testkit run` ends what it started, however it ends itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use testkit::{DatabaseKind, until};

const TESTKIT: &str = env!("CARGO_BIN_EXE_testkit");

/// A `testkit run` with a folder for temporary files of its own, so that what it leaves is seen.
struct Run {
    testkit: Child,
    output: BufReader<std::process::ChildStdout>,
    temporary: TempDir,
}

impl Run {
    /// Only a database: it starts in a second.
    fn start(options: &[&str], script: &str) -> Run {
        let temporary = tempfile::tempdir().unwrap();
        let mut testkit = Command::new(TESTKIT)
            .args(["run", "--only", "database"])
            .args(options)
            .args(["--", "sh", "-c", script])
            .env("TMPDIR", temporary.path())
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(testkit.stdout.take().unwrap());
        Run { testkit, output, temporary }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The folder that the script prints as its first line.
    fn folder(&mut self) -> PathBuf {
        let folder = PathBuf::from(self.line());
        assert!(folder.is_dir(), "{}", folder.display());
        folder
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.testkit.id().cast_signed()), signal).unwrap();
    }

    /// The exit code; None after a signal.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.testkit.wait().unwrap().code(), rest)
    }

    fn left_files(&self) -> usize {
        self.temporary.path().read_dir().unwrap().count()
    }
}

/// A test that fails must not leave servers either.
impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.testkit.kill();
        let _ = self.testkit.wait();
        if let Ok(entries) = self.temporary.path().read_dir() {
            for folder in entries.flatten() {
                let _ = testkit::reap::end(&folder.path());
            }
        }
    }
}

/// Names of the running processes that belong to a folder.
fn processes(folder: &Path) -> Vec<String> {
    let mark = format!("{}={}\0", testkit::FOLDER_VARIABLE, folder.display());
    let mut names: Vec<String> = Path::new("/proc")
        .read_dir()
        .unwrap()
        .flatten()
        .filter(|entry| {
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&mark)
        })
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .collect();
    names.sort();
    names
}

/// What the selected database is called in the list of processes.
fn database_process() -> &'static str {
    match DatabaseKind::selected().unwrap() {
        DatabaseKind::Installed | DatabaseKind::MariaDb11 => "mariadbd",
        DatabaseKind::MySql => "mysqld",
    }
}

#[test]
fn passes_the_exit_code_on_and_leaves_nothing() {
    let mut run = Run::start(
        &[],
        r#"echo $TESTKIT_FOLDER
           port=${DATABASE_URL##*:}
           mariadb --no-defaults -h 127.0.0.1 -P ${port%/*} -u root -Ne \
               'SELECT DATABASE(), @@innodb_flush_log_at_trx_commit' ${DATABASE_URL##*/}
           sleep 1000 > /dev/null 2>&1 &
           exit 7"#,
    );
    let folder = run.folder();
    let database = run.line();
    let (code, rest) = run.end();
    assert_eq!(code, Some(7));
    assert_eq!(database, "alipay\t1", "{rest}");
    // The sleep that the command left behind included.
    assert_eq!(processes(&folder), Vec::<String>::new());
    assert_eq!(run.left_files(), 0);
}

#[test]
fn leaves_nothing_when_it_is_killed() {
    let mut run = Run::start(&[], "echo $TESTKIT_FOLDER; exec sleep 1000");
    let folder = run.folder();
    until("both", || processes(&folder) == [database_process(), "sleep"]);
    run.signal(Signal::SIGKILL);
    until("no process", || processes(&folder).is_empty());
    until("no folder", || run.left_files() == 0);
}

#[test]
fn passes_an_interrupt_on_once() {
    let mut run = Run::start(
        &[],
        r#"trap 'echo interrupted; count=x$count' INT
           echo $TESTKIT_FOLDER
           while [ -z "$count" ]; do sleep 0.05; done
           sleep 0.2
           echo $count; exit 5"#,
    );
    let folder = run.folder();
    run.signal(Signal::SIGINT);
    let (code, rest) = run.end();
    assert_eq!((code, rest.as_str()), (Some(5), "interrupted\nx\n"));
    assert_eq!(processes(&folder), Vec::<String>::new());
    assert_eq!(run.left_files(), 0);
}

#[test]
fn a_signal_while_servers_start_ends_it() {
    let mut run = Run::start(&[], "echo started");
    until("a folder", || run.left_files() == 1);
    run.signal(Signal::SIGTERM);
    let (code, output) = run.end();
    assert_eq!((code, output.as_str()), (Some(128 + 15), ""));
    assert_eq!(run.left_files(), 0);
}

#[test]
fn keep_leaves_the_servers_until_stop() {
    let mut run = Run::start(&["--keep"], "echo $TESTKIT_FOLDER");
    let folder = run.folder();
    assert_eq!(run.end().0, Some(0));
    assert_eq!(processes(&folder), [database_process()]);
    let stop = Command::new(TESTKIT).arg("stop").arg(&folder).status().unwrap();
    assert!(stop.success());
    assert_eq!(processes(&folder), Vec::<String>::new());
    assert_eq!(run.left_files(), 0);
}

#[test]
fn stop_removes_no_folder_of_somebody_else() {
    let other = tempfile::tempdir().unwrap();
    let stop = Command::new(TESTKIT).arg("stop").arg(other.path()).output().unwrap();
    assert_eq!(stop.status.code(), Some(3));
    assert!(other.path().exists());
}

#[test]
fn servers_that_are_given_are_used() {
    let mut run = Command::new(TESTKIT);
    run.args(["run", "--", "sh", "-c", "echo $AMQP_URL $DATABASE_URL $TESTKIT_FOLDER"])
        .env("AMQP_URL", "amqp://elsewhere")
        .env("DATABASE_URL", "mysql://elsewhere")
        .env_remove(testkit::FOLDER_VARIABLE);
    let output = run.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "amqp://elsewhere mysql://elsewhere\n");
}

#[test]
fn a_server_that_is_chosen_beside_one_that_is_given_is_refused() {
    let output = Command::new(TESTKIT)
        .args(["run", "--database", "mysql", "--", "true"])
        .env("DATABASE_URL", "mysql://elsewhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("DATABASE_URL is set, so --database would start nothing"), "{said}");
}

#[test]
fn a_version_that_is_not_installed_is_told_how_to_get() {
    let none = tempfile::tempdir().unwrap();
    let output = Command::new(TESTKIT)
        .args(["run", "--only", "database", "--database", "mysql", "--", "true"])
        .env("TESTKIT_SERVERS", none.path())
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("run scripts/install-other-servers sid"), "{said}");
}

#[test]
fn the_command_is_told_what_it_runs_on() {
    let output = Command::new(TESTKIT)
        .args(["run", "--only", "database", "--", "sh", "-c", "echo $TESTKIT_DATABASE"])
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let selected = DatabaseKind::selected().unwrap().name();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), selected);
}

#[test]
fn a_command_that_does_not_exist_is_127() {
    let output = Command::new(TESTKIT)
        .args(["run", "--", "/no/such/command"])
        .env("AMQP_URL", "amqp://elsewhere")
        .env("DATABASE_URL", "mysql://elsewhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127));
}

#[test]
fn a_clock_that_cannot_be_shifted_is_refused() {
    let run = |clock: &str, broker: &str| {
        let output = Command::new(TESTKIT)
            .args(["run", clock, "--", "echo", "ran"])
            .env("AMQP_URL", broker)
            .env_remove("DATABASE_URL")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run("--clock=tomorrow", "");
    assert!(code == Some(2) && said.contains("such as +400d"), "{said}");
    let (code, said) = run("--clock=+1d", "amqp://elsewhere");
    assert!(code == Some(3) && said.contains("unset AMQP_URL"), "{said}");
}

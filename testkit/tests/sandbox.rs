//! A test's own schema, vhost and child processes.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::Command;

use chrono::Utc;
use testkit::{Program, Sandbox, run_program};

/// What the database says to a statement.
fn ask(sandbox: &Sandbox, sql: &str) -> String {
    let url = std::env::var("DATABASE_URL").unwrap();
    let place = url.rsplit_once('@').unwrap().1;
    let (host, port) = place.split('/').next().unwrap().rsplit_once(':').unwrap();
    let login = url.strip_prefix("mysql://").unwrap().split('@').next().unwrap();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let output = Command::new("mariadb")
        .args(["--no-defaults", "--protocol=tcp", "-h", host, "-P", port, "-u", user, "-Ne", sql])
        .env("MYSQL_PWD", password)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {output:?}", sandbox.name());
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn two_sandboxes_differ_and_go_away() {
    let other = Sandbox::new();
    let sandbox = Sandbox::new();
    assert_ne!(sandbox.database_url, other.database_url);
    assert_ne!(sandbox.amqp_url, other.amqp_url);
    let name = sandbox.name().to_owned();
    assert!(sandbox.database_url.ends_with(&format!("/{name}")));
    assert!(sandbox.amqp_url.ends_with(&format!("/{name}")));
    let count =
        format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{name}'");
    assert_eq!(ask(&other, &count), "1");
    drop(sandbox);
    assert_eq!(ask(&other, &count), "0");
}

#[test]
fn half_a_sandbox_has_one_address() {
    let database = Sandbox::database_only();
    assert_eq!(database.environment(), [("DATABASE_URL", database.database_url.as_str())]);
    let broker = Sandbox::broker_only();
    assert_eq!(broker.environment(), [("AMQP_URL", broker.amqp_url.as_str())]);
}

/// Whatever the clock of this test is: `make test CLOCK=+400d` moves all of them.
#[test]
fn a_test_its_database_and_its_programs_have_one_clock() {
    let sandbox = Sandbox::database_only();
    let database = ask(&sandbox, "SELECT UNIX_TIMESTAMP()");
    let output = run_program("testkit", &["run", "--", "date", "+%s"], &GIVEN);
    let program = String::from_utf8(output.stdout).unwrap();
    for seconds in [&database, program.trim_end()] {
        let distance = seconds.parse::<i64>().unwrap() - Utc::now().timestamp();
        assert!(distance.abs() < 60, "{distance} s away");
    }
}

/// Our own program runs a script: any program of the workspace would do.
const GIVEN: [(&str, &str); 2] = [("AMQP_URL", "amqp://none"), ("DATABASE_URL", "mysql://none")];

#[test]
fn a_program_is_waited_for_by_its_lines() {
    let script = "echo lost >&2; echo one; echo two 2; echo three; exec sleep 1000";
    let mut program = Program::start("testkit", &["run", "--", "sh", "-c", script], &GIVEN);
    assert_eq!(program.wait_for_line("two"), "two 2");
    assert_eq!(program.wait_for_line(""), "three");
    program.terminate();
    assert_eq!(program.wait().code(), Some(128 + 15));
    assert!(program.stderr().contains("lost"), "{}", program.stderr());
}

#[test]
#[should_panic(expected = "testkit ended with exit status: 4 before `ready`")]
fn a_program_that_ends_early_is_told() {
    let mut program = Program::start("testkit", &["run", "--", "sh", "-c", "exit 4"], &GIVEN);
    program.wait_for_line("ready");
}

#[test]
#[should_panic(expected = "cargo build --workspace --bins")]
fn a_program_that_is_not_built_is_told() {
    run_program("no-such-program", &[], &[]);
}

#[test]
fn the_output_of_a_short_program_is_returned() {
    let output = run_program("testkit", &["--version"], &[]);
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"testkit "));
}

//! Completion scripts and manual pages of the programs that people do not type verbs for all day (those
//! of `ops` are tested with `ops`).

use testkit::run_program;

fn printed(program: &str, arguments: &[&str]) -> String {
    // A configuration that is not there: none is needed.
    let output = run_program(program, arguments, &[("ALIPAY_CONFIG", "/nowhere/alipay.toml")]);
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn programs_print_version_and_help() {
    for (program, word) in [("ingress", "--config"), ("worker", "--config"), ("simulator", "storm")]
    {
        let (completions, man): (&[&str], &[&str]) = match program {
            "simulator" => (&["completions"], &["man"]),
            _ => (&["--completions"], &["--man"]),
        };
        for (shell, holds) in [
            ("bash", format!("_{program}()")),
            ("zsh", format!("#compdef {program}")),
            ("fish", format!("complete -c {program}")),
        ] {
            let script = printed(program, &[completions, &[shell]].concat());
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(script.contains(&holds) && script.contains(word), "{program} {shell}");
        }
        let page = printed(program, man);
        let word = word.trim_start_matches('-');
        assert!(page.contains(&format!(".TH {program}")) && page.contains(word), "{page}");
        // Help is about the program, not about these options.
        assert!(printed(program, &["--help"]).contains("Alipay"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    printed("simulator", &["man", &folder.path().join("man1").display().to_string()]);
    assert!(folder.path().join("man1/simulator-pay.1").exists());
}

#[test]
fn a_worker_without_configuration_says_what_is_missing() {
    let world = crate::world::World::new(0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("an address").to_string();
    let taken_by_another = [("ALIPAY__WORKER__ADMIN_LISTEN", address.as_str())];
    let output = world.pipeline.with(&taken_by_another).run("worker", &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let advice = "ALIPAY__WORKER__ADMIN_LISTEN=127.0.0.1:0, which takes a free port";
    assert!(said.contains(&address) && said.contains(advice), "{said}");
    assert_eq!(said.matches("Address already in use").count(), 1, "{said}");
}

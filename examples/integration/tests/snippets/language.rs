//! How each language's snippets are made ready and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testkit::Program;

/// A language with snippets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Php,
    Java,
    Node,
}

/// Snippets that can be run.
pub(crate) struct Snippets {
    language: Language,
    /// Where they are, and what they need beside them.
    folder: PathBuf,
}

/// Where Debian and Ubuntu put jars.
const JARS: [&str; 4] = ["mariadb-java-client", "amqp-client", "slf4j-api", "gson"];

impl Language {
    fn name(self) -> &'static str {
        match self {
            Language::Php => "php",
            Language::Java => "java",
            Language::Node => "node",
        }
    }

    /// What to install where something is missing.
    fn packages(self) -> &'static str {
        match self {
            Language::Php => "php-cli php-mysql php-amqplib",
            Language::Java => {
                "default-jdk-headless libmariadb-java librabbitmq-client-java libgoogle-gson-java"
            }
            Language::Node => "nodejs npm",
        }
    }

    /// Whether `SNIPPETS` names it, or is not set.
    pub(crate) fn is_wanted(self) -> bool {
        let wanted = std::env::var("SNIPPETS");
        wanted.is_err()
            || wanted.is_ok_and(|names| names.split([' ', ',']).any(|name| name == self.name()))
    }

    /// Makes the snippets ready in a folder of their own.
    pub(crate) fn prepare(self, folder: &Path) -> Snippets {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.name());
        for file in std::fs::read_dir(&source).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
        }
        match self {
            Language::Php => {
                let check = "exit(extension_loaded('pdo_mysql') && stream_resolve_include_path('PhpAmqpLib/autoload.php') ? 0 : 1);";
                self.make_ready(folder, "php", &["-r", check]);
            }
            // Shops run on Java 8, too.
            Language::Java => {
                let mut compile = vec!["--release", "8", "-Xlint:-options", "-cp"];
                let jars = jars();
                compile.push(&jars);
                let files = files(folder, "java");
                compile.extend(files.iter().map(String::as_str));
                self.make_ready(folder, "javac", &compile);
            }
            Language::Node => {
                self.make_ready(folder, "npm", &["ci", "--no-audit", "--no-fund", "--silent"])
            }
        }
        Snippets { language: self, folder: folder.to_owned() }
    }

    fn make_ready(self, folder: &Path, program: &str, arguments: &[&str]) {
        let output =
            Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
        let why = match output {
            Ok(output) if output.status.success() => return,
            Ok(output) => {
                String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
            }
            Err(error) => error.to_string(),
        };
        let (name, packages) = (self.name(), self.packages());
        panic!(
            "the snippets in {name} cannot be run: {program}: {why}\n\
             apt-get install {packages}   (make test does it on Debian and Ubuntu), or leave {name} out: make test SNIPPETS=\"…\""
        );
    }
}

impl Snippets {
    /// Runs a snippet to its end; what it printed, or what it said when it failed.
    pub(crate) fn run(
        &self,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<String, String> {
        let (program, before) = self.command(name);
        let output = Command::new(program)
            .args(before)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            assert!(errors.is_empty(), "{name}: {errors}");
            return Ok(String::from_utf8(output.stdout).unwrap().trim_end().to_owned());
        }
        Err(format!("{}{errors}", String::from_utf8_lossy(&output.stdout)))
    }

    /// Starts a snippet that does not end.
    pub(crate) fn start(
        &self,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Program {
        let (program, before) = self.command(name);
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let program = on_path(program);
        Program::start(
            &program.display().to_string(),
            &[&before[..], arguments].concat(),
            environment,
        )
    }

    /// The program that runs a snippet, and the arguments before the snippet's own.
    fn command(&self, name: &str) -> (&'static str, Vec<String>) {
        let file =
            |ending: &str| self.folder.join(format!("{name}.{ending}")).display().to_string();
        match self.language {
            Language::Php => ("php", vec![file("php")]),
            Language::Node => ("node", vec![file("mjs")]),
            Language::Java => {
                let class: String =
                    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
                let path = format!("{}:{}", self.folder.display(), jars());
                ("java", vec!["-XX:TieredStopAtLevel=1".to_owned(), "-cp".to_owned(), path, class])
            }
        }
    }
}

fn jars() -> String {
    JARS.map(|name| format!("/usr/share/java/{name}.jar")).join(":")
}

fn files(folder: &Path, ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|it| it == ending))
        .map(|file| file.display().to_string())
        .collect()
}

fn on_path(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap()
}

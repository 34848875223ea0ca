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

/// Interpreters keep the machine's clock when the tests have another one (`testkit run --clock`): under libfaketime Java
/// takes ten times as long, and the one time that a snippet tells, the link's timestamp, is compared with no clock.
const OWN_CLOCK: (&str, &str) = ("LD_PRELOAD", "");

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

    /// Makes the snippets ready in a folder of their own. `None`, and a line that says why, where they are not to be run:
    /// `SNIPPETS` names other languages, or it is not set and something is not installed.
    ///
    /// # Panics
    /// `SNIPPETS` names the language, and something is not installed.
    pub(crate) fn prepare(self, folder: &Path) -> Option<Snippets> {
        let wanted = std::env::var("SNIPPETS").ok();
        let is_named =
            wanted.as_ref().map(|names| names.split([' ', ',']).any(|name| name == self.name()));
        if is_named == Some(false) {
            eprintln!("SNIPPETS does not name {}: left out", self.name());
            return None;
        }
        if let Err(why) = self.find(folder) {
            let (name, packages) = (self.name(), self.packages());
            let why =
                format!("the snippets in {name} cannot be run: {why}\napt-get install {packages}");
            assert!(is_named.is_none(), "{why}");
            eprintln!("{why}\nleft out");
            return None;
        }
        if self == Language::Java {
            // Shops run on Java 8, too.
            let jars = jars();
            let files = files(folder, "java");
            let compile = ["--release", "8", "-Xlint:-options", "-cp", &jars];
            let compile = compile.into_iter().chain(files.iter().map(String::as_str));
            run(folder, "javac", &compile.collect::<Vec<_>>()).unwrap();
        }
        Some(Snippets { language: self, folder: folder.to_owned() })
    }

    /// Copies the snippets, and looks for what runs them; Node's packages are fetched as its lock file says.
    fn find(self, folder: &Path) -> Result<(), String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.name());
        for file in std::fs::read_dir(&source).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
        }
        match self {
            Language::Php => {
                let needed = "extension_loaded('pdo_mysql') && stream_resolve_include_path('PhpAmqpLib/autoload.php')";
                let check = format!("exit({needed} ? 0 : 'pdo_mysql or PhpAmqpLib is missing');");
                match run(folder, "php", &["-r", &check])? {
                    missing if missing.is_empty() => Ok(()),
                    missing => Err(missing),
                }
            }
            Language::Java => {
                run(folder, "javac", &["-version"])?;
                let jars = jars();
                match jars.split(':').find(|jar| !Path::new(jar).exists()) {
                    Some(jar) => Err(format!("{jar} is missing")),
                    None => Ok(()),
                }
            }
            Language::Node => {
                run(folder, "npm", &["ci", "--no-audit", "--no-fund", "--silent"]).map(drop)
            }
        }
    }
}

/// What a program printed; otherwise what it said, or why it did not start.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).envs([OWN_CLOCK]).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!("{program}: {}{}", text(&output.stdout), text(&output.stderr))),
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
            .envs([OWN_CLOCK])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
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
        let arguments = [&before[..], arguments].concat();
        let environment = [environment, &[OWN_CLOCK]].concat();
        Program::start(&program.display().to_string(), &arguments, &environment)
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

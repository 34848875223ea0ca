//! Chromium without a window.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Program, until};
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, Key, LoggingPrefsLogLevel, WebDriver,
    WebElement,
};
use tokio::runtime::Runtime;

use crate::axe::{self, Violation};
use crate::screen::{Scheme, Screen};

/// What to install where the browser is missing.
const PACKAGES: &str = "chromium chromium-driver";

/// The browser keeps the machine's clock when the tests have another one (`testkit run --clock`): it does not run under
/// libfaketime, and the console sends it no absolute time.
const OWN_CLOCK: (&str, &str) = ("LD_PRELOAD", "");

/// A browser with one window and a profile of its own. It is ended when the value is dropped.
pub(crate) struct Chrome {
    runtime: Runtime,
    window: WebDriver,
    /// The console's address without its last `/`: `http://127.0.0.1:PORT`, and its base path.
    site: String,
    _driver: Program,
    _profile: TempDir,
}

impl Chrome {
    /// A browser for a console at this address. `None`, and a line that says why, where something is not installed.
    ///
    /// # Panics
    /// Something is not installed, and `BROWSER_TESTS` is `yes`.
    pub(crate) fn start(site: impl ToString) -> Option<Chrome> {
        let wanted = std::env::var("BROWSER_TESTS").unwrap_or_default();
        let found = find(&["chromedriver"])
            .and_then(|driver| Ok((driver, find(&["chromium", "chromium-browser"])?)))
            .and_then(|programs| axe::script().map(|_| programs));
        match found {
            Ok((driver, chromium)) => Some(Chrome::of(&driver, &chromium, site.to_string())),
            Err(why) => {
                assert!(wanted != "yes", "{why}");
                eprintln!("the console was not tried in a browser, skipped because {why}");
                None
            }
        }
    }

    fn of(driver: &Path, chromium: &Path, site: String) -> Chrome {
        // The driver chooses a free port, and says which.
        let mut driver = Program::start(&shown(driver), &["--port=0"], &[OWN_CLOCK]);
        let started = driver.wait_for_line("ChromeDriver was started successfully on port");
        let port = started.trim_end_matches('.').rsplit(' ').next().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&shown(chromium)).unwrap();
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let profile_argument = format!("--user-data-dir={}", profile.path().display());
        let mut arguments = vec![
            profile_argument.as_str(),
            "--headless=new",
            "--lang=en",
            "--disable-gpu",
            "--hide-scrollbars",
            // Containers have a small /dev/shm.
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
        ];
        if nix::unistd::geteuid().is_root() {
            arguments.push("--no-sandbox");
        }
        for argument in arguments {
            wanted.add_arg(argument).unwrap();
        }
        let runtime = Runtime::new().unwrap();
        let address = format!("http://127.0.0.1:{port}");
        let window = runtime.block_on(WebDriver::new(&address, wanted)).unwrap();
        Chrome { runtime, window, site, _driver: driver, _profile: profile }
    }

    /// A window of this size, for a user who prefers this scheme.
    pub(crate) fn on(&self, screen: Screen, scheme: Scheme) -> &Chrome {
        self.devtools("Emulation.setDeviceMetricsOverride", screen.metrics());
        self.devtools("Emulation.setEmulatedMedia", scheme.media());
        self
    }

    /// Loads a page of the console.
    pub(crate) fn open(&self, path: &str) {
        self.runtime.block_on(self.window.goto(format!("{}{path}", self.site))).unwrap();
    }

    /// The path and the query of the page.
    pub(crate) fn path(&self) -> String {
        let url = self.runtime.block_on(self.window.current_url()).unwrap();
        url.as_str().replacen(&self.site, "", 1)
    }

    /// Clicks an element.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(By::Css(selector));
        self.runtime.block_on(element.click()).unwrap();
    }

    /// Follows the link with this text.
    #[track_caller]
    pub(crate) fn follow(&self, text: &str) {
        let element = self.find(By::LinkText(text));
        self.runtime.block_on(element.click()).unwrap();
    }

    /// Types into a field, in place of what is in it.
    #[track_caller]
    pub(crate) fn fill(&self, selector: &str, text: &str) {
        let element = self.find(By::Css(selector));
        self.runtime.block_on(async {
            element.clear().await.unwrap();
            element.send_keys(text).await.unwrap();
        });
    }

    /// Presses Enter in a field.
    #[track_caller]
    pub(crate) fn enter(&self, selector: &str) {
        let element = self.find(By::Css(selector));
        self.runtime.block_on(element.send_keys(Key::Enter + "")).unwrap();
    }

    #[track_caller]
    fn find(&self, by: By) -> WebElement {
        let what = format!("{by:?}");
        self.runtime
            .block_on(self.window.find(by))
            .unwrap_or_else(|error| panic!("{}: no {what}: {error}\n{}", self.path(), self.text()))
    }

    /// What a person reads on the page.
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText")
    }

    /// Waits until the page, which may load itself again, shows the text.
    #[track_caller]
    pub(crate) fn see(&self, text: &str) {
        until(&format!("{} with {text:?}", self.path()), || self.text().contains(text));
    }

    /// The result of a script in the page.
    pub(crate) fn run<T: DeserializeOwned>(&self, script: &str) -> T {
        let result = self.runtime.block_on(self.window.execute(script, Vec::new())).unwrap();
        result.convert().unwrap()
    }

    /// An attribute of an element.
    #[track_caller]
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> String {
        let element = self.find(By::Css(selector));
        self.runtime.block_on(element.attr(name)).unwrap().unwrap_or_default()
    }

    /// The page has no fault.
    #[track_caller]
    pub(crate) fn has_no_fault(&self) {
        let faults = self.faults();
        assert!(faults.is_empty(), "{}:\n{}", self.path(), faults.join("\n"));
    }

    /// What is wrong with the page: errors on the browser's console, such as content that the policy refuses; what is
    /// wider than the window; what axe-core calls serious or critical.
    pub(crate) fn faults(&self) -> Vec<String> {
        let too_wide: i64 = self.run(
            "const page = document.documentElement; return page.scrollWidth - page.clientWidth",
        );
        let too_wide = (too_wide > 0).then(|| format!("{too_wide} px are wider than the window"));
        let violations = self.violations();
        let serious = violations.iter().filter(|violation| violation.is_serious());
        let logged = self.runtime.block_on(self.window.browser_log()).unwrap();
        // A page that says that something is not there has a status that says it, too.
        let own_status = format!("{}{} - Failed to load resource", self.site, self.path());
        let logged = logged
            .into_iter()
            .filter(|entry| !entry.message.starts_with(&own_status))
            .map(|entry| format!("{}: {}", entry.level, entry.message));
        logged.chain(too_wide).chain(serious.map(Violation::text)).collect()
    }

    /// What axe-core finds. The driver runs the script: the page's own policy allows none, and stays as it is.
    fn violations(&self) -> Vec<Violation> {
        let script = axe::script().unwrap();
        self.runtime.block_on(async {
            self.window.execute(script, Vec::new()).await.unwrap();
            let found = self.window.execute_async(axe::RUN, Vec::new()).await.unwrap();
            found.convert().unwrap()
        })
    }

    /// A PNG of the whole page.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let arguments = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.devtools("Page.captureScreenshot", arguments);
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    fn devtools(&self, method: &str, arguments: Value) -> Value {
        self.runtime.block_on(self.window.cdp().send_raw(method, arguments)).unwrap()
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        // The driver ends the browser; what a failing test leaves ends with the driver.
        let _ = self.runtime.block_on(self.window.clone().quit());
    }
}

/// The first of these programs on PATH.
fn find(names: &[&str]) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let candidates =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|program| program.is_file()).ok_or_else(|| {
        format!("{} is not installed: apt-get install {PACKAGES}", names.join(" or "))
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

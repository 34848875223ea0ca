//! The folder that holds everything that the demo writes: `target/demo`, beside the built programs.

use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// Where the demo's programs were built, and where its files are.
pub(crate) struct DemoFolder {
    pub(crate) path: PathBuf,
    /// The folder of the programs.
    pub(crate) programs: PathBuf,
}

impl DemoFolder {
    /// Makes it. What stays (`--keep`) has a name that can be typed; two demos at once have one each.
    ///
    /// # Errors
    /// A demo that was left running uses it; it cannot be made.
    pub(crate) fn make(keep: bool) -> anyhow::Result<DemoFolder> {
        let programs = std::env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default();
        let target = programs.parent().unwrap_or(&programs);
        let name = if keep { "demo".to_owned() } else { format!("demo-{}", std::process::id()) };
        let path = target.join(name);
        if keep && path.exists() {
            ensure!(
                !is_in_use(&path),
                "a demo that was left running uses {}: end it with {}/stop",
                path.display(),
                path.display()
            );
            std::fs::remove_dir_all(&path).with_context(|| path.display().to_string())?;
        }
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        Ok(DemoFolder { path, programs })
    }

    /// Writes a file that its owner alone can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        self.write_with_mode(name, text, 0o600)
    }

    /// The same for a script.
    pub(crate) fn write_script(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        self.write_with_mode(name, text, 0o700)
    }

    fn write_with_mode(&self, name: &str, text: &str, mode: u32) -> anyhow::Result<PathBuf> {
        use std::io::Write as _;
        let path = self.path.join(name);
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&path).with_context(|| path.display().to_string())?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        Ok(path)
    }

    /// A path as it is typed in the working folder.
    pub(crate) fn shown(&self, name: &str) -> String {
        let path = self.path.join(name);
        let here = std::env::current_dir().unwrap_or_default();
        path.strip_prefix(&here).unwrap_or(&path).display().to_string()
    }
}

/// Whether a program runs with the folder's configuration.
fn is_in_use(folder: &Path) -> bool {
    let config = folder.join("alipay.toml").display().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.filter_map(Result::ok).any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == config.as_bytes())
    })
}

//! The alternate screen of a terminal, and single keys.

use std::cell::RefCell;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::dup2_stderr;
use service::invisible;

use crate::cli::terminal;

/// Alternate screen on, cursor off.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
/// Cursor on, alternate screen off: what was there before is there again.
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PressedKey {
    /// `q`, Escape or Ctrl-C.
    End,
    /// Any other: look now.
    Other,
}

/// The terminal while we draw on it. It is as it was before when the value is dropped.
pub(super) struct TerminalMode {
    /// How stdin was, where that is a terminal.
    before: RefCell<Option<Termios>>,
    /// Where stderr went, where that was a terminal: lines of the log would be drawn into what is drawn.
    stderr: RefCell<Option<OwnedFd>>,
}

impl TerminalMode {
    pub(super) fn enter() -> std::io::Result<TerminalMode> {
        let stdin = std::io::stdin();
        let before = stdin.is_terminal().then(|| tcgetattr(&stdin)).transpose()?;
        if let Some(before) = &before {
            // Keys come one by one, are not shown, and Ctrl-C is one of them.
            let mut keys = before.clone();
            keys.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
            tcsetattr(&stdin, SetArg::TCSANOW, &keys)?;
        }
        write(ENTER)?;
        leave_on_signals(before.clone());
        Ok(TerminalMode { before: RefCell::new(before), stderr: RefCell::new(silence()) })
    }

    /// Draws these lines over what is there.
    pub(super) fn draw(&self, lines: &[String]) -> std::io::Result<()> {
        let colours = terminal::colours();
        let escape = |part: &str| invisible::escaped(part).into_owned();
        let end = if colours { "\u{1b}[0m" } else { "" };
        let page: Vec<String> = lines
            .iter()
            .map(|line| format!("{}{end}\u{1b}[K", terminal::render(line, colours, escape)))
            .collect();
        write(&format!("\u{1b}[H{}\u{1b}[J", page.join("\n")))
    }

    /// Waits for a key, at most so long.
    pub(super) fn key(&self, most: Duration) -> Option<PressedKey> {
        let stdin = std::io::stdin();
        if self.before.borrow().is_none() {
            std::thread::sleep(most);
            return None;
        }
        let until = Instant::now() + most;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
            let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::ZERO);
            let mut ready = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, timeout) {
                Ok(1..) => break,
                Ok(_) => return None,
                // The window has another size, for example.
                Err(nix::errno::Errno::EINTR) if left > Duration::ZERO => {}
                Err(_) => return None,
            }
        }
        let mut bytes = [0; 16];
        match stdin.lock().read(&mut bytes) {
            // The user has closed the terminal.
            Ok(0) | Err(_) => Some(PressedKey::End),
            Ok(read) if matches!(bytes[..read], [b'q' | b'Q' | 3 | 4 | 0x1b]) => {
                Some(PressedKey::End)
            }
            Ok(_) => Some(PressedKey::Other),
        }
    }

    /// The terminal as it was.
    pub(super) fn leave(&self) {
        leave(self.before.borrow_mut().take().as_ref());
        if let Some(stderr) = self.stderr.borrow_mut().take() {
            let _ = dup2_stderr(stderr);
        }
    }
}

/// Turns stderr off where it is a terminal, and returns where it went.
fn silence() -> Option<OwnedFd> {
    let stderr = std::io::stderr();
    if !stderr.is_terminal() {
        return None;
    }
    let went_to = stderr.as_fd().try_clone_to_owned().ok()?;
    dup2_stderr(File::options().write(true).open("/dev/null").ok()?).ok()?;
    Some(went_to)
}

fn leave(before: Option<&Termios>) {
    // If that fails, there is nowhere to report it.
    let _ = write(LEAVE);
    if let Some(before) = before {
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, before);
    }
}

/// Another process ends this one, or Ctrl-C if stdin is not the terminal: it must be as it was then, too.
fn leave_on_signals(before: Option<Termios>) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async { service::shutdown::on_signals().cancelled().await });
        leave(before.as_ref());
        #[expect(
            clippy::disallowed_methods,
            reason = "the thread that reads keys may wait for ever"
        )]
        std::process::exit(0);
    });
}

impl Drop for TerminalMode {
    fn drop(&mut self) {
        self.leave();
    }
}

fn write(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

//! The alternate screen of a terminal, and single keys.

use std::cell::RefCell;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

/// Alternate screen on, cursor off.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
/// Cursor on, alternate screen off: what was there before is there again.
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// `q`, Escape or Ctrl-C.
    End,
    /// Any other: look now.
    Other,
}

/// The terminal while we draw on it. It is as it was before when the value is dropped.
pub(super) struct TerminalMode {
    /// How stdin was, where that is a terminal.
    before: RefCell<Option<Termios>>,
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
        Ok(TerminalMode { before: RefCell::new(before) })
    }

    /// Draws these lines over what is there.
    pub(super) fn draw(&self, lines: &[String]) -> std::io::Result<()> {
        let page: Vec<String> = lines.iter().map(|line| format!("{line}\u{1b}[K")).collect();
        write(&format!("\u{1b}[H{}\u{1b}[J", page.join("\n")))
    }

    /// Waits for a key, at most so long.
    pub(super) fn key(&self, most: Duration) -> Option<Key> {
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
            // Whoever typed has closed the terminal.
            Ok(0) | Err(_) => Some(Key::End),
            Ok(read) if matches!(bytes[..read], [b'q' | b'Q' | 3 | 4 | 0x1b]) => Some(Key::End),
            Ok(_) => Some(Key::Other),
        }
    }

    /// The terminal as it was.
    pub(super) fn leave(&self) {
        let _ = write(LEAVE);
        if let Some(before) = self.before.borrow_mut().take() {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &before);
        }
    }
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

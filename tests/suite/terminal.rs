//! The program in a real pseudo-terminal: whatever ends it, the terminal is given back.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The program in a terminal of 80 by 24.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("a terminal has cells")
}

/// Longer than anything here takes; only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

impl Session {
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_layerwalk"));
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 4096];
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(cells(24), cells(80), 0);
        Self {
            child,
            master: pair.master,
            writer,
            output,
            screen,
            raw: Vec::new(),
        }
    }

    /// Reads until `seen` is true of the screen.
    pub fn until(&mut self, what: &str, seen: impl Fn(&Self) -> bool) {
        while !seen(self) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never seen: {what}; the screen is\n{}", self.text());
                }
            }
        }
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    fn opened(arguments: &[&str]) -> Self {
        let mut session = Self::start(arguments, &[]);
        session.until("the first step", |s| s.text().contains("step 1/"));
        assert!(session.screen.screen().alternate_screen());
        assert!(session.screen.screen().hide_cursor());
        assert!(!session.is_cooked(), "keys must come one by one");
        session
    }

    pub fn keys(&mut self, keys: &str) {
        self.writer
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
        self.writer.flush().expect("the terminal takes keys");
    }

    fn signal(&self, number: i32) {
        let pid = self.child.process_id().expect("it runs");
        // SAFETY: kill has no preconditions; the child has not been waited for, so the id is its own.
        let sent = unsafe { libc::kill(pid.cast_signed(), number) };
        assert_eq!(sent, 0);
    }

    /// Whether the terminal hands over whole lines and echoes, as a shell left it.
    fn is_cooked(&self) -> bool {
        let fd = self.master.as_raw_fd().expect("a descriptor");
        // SAFETY: the descriptor is open as long as the session is.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let mut modes = std::mem::MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr fills in the whole struct when it returns 0.
        let modes = unsafe {
            assert_eq!(libc::tcgetattr(fd.as_raw_fd(), modes.as_mut_ptr()), 0);
            modes.assume_init()
        };
        modes.c_lflag & (libc::ICANON | libc::ECHO) == libc::ICANON | libc::ECHO
    }

    /// Waits for the end and sees that the terminal is as it was.
    pub fn ended(mut self) -> u32 {
        self.until("the end", |s| !s.screen.screen().alternate_screen());
        let status = self.child.wait().expect("it ends");
        self.until("the cursor", |s| !s.screen.screen().hide_cursor());
        assert!(self.is_cooked(), "the terminal is left raw");
        status.exit_code()
    }
}

#[test]
fn keys_step_and_quit_gives_the_terminal_back() {
    let mut session = Session::opened(&["run", "handshake"]);
    session.keys("l");
    session.until("the second step", |s| s.text().contains("step 2/"));
    session.keys("\x1b[D");
    session.until("the first step again", |s| s.text().contains("step 1/"));
    session.keys("?");
    session.until("the help", |s| s.text().contains("go to the next step"));
    session.keys("q");
    session.until("the panes again", |s| s.text().contains("2 Ladder"));
    session.keys("q");
    assert_eq!(session.ended(), 0);
}

#[test]
fn signals_that_end_it_give_the_terminal_back() {
    for number in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let session = Session::opened(&["run", "handshake"]);
        session.signal(number);
        assert_eq!(session.ended(), 128 + number.cast_unsigned());
    }
}

#[test]
fn a_stop_gives_the_terminal_back_and_going_on_takes_it_again() {
    let mut session = Session::opened(&["run", "handshake"]);
    session.keys("l");
    session.until("the second step", |s| s.text().contains("step 2/"));
    for stop in ["signal", "key"] {
        match stop {
            "signal" => session.signal(libc::SIGTSTP),
            _ => session.keys("\x1a"),
        }
        session.until("the shell's screen", |s| {
            !s.screen.screen().alternate_screen()
        });
        session.until("the cursor", |s| !s.screen.screen().hide_cursor());
        wait_for_stop(&session);
        assert!(session.is_cooked(), "{stop}: the terminal is left raw");
        session.signal(libc::SIGCONT);
        session.until("the screen again", |s| {
            s.screen.screen().alternate_screen() && s.text().contains("step 2/")
        });
        assert!(!session.is_cooked());
    }
    session.keys("q");
    assert_eq!(session.ended(), 0);
}

/// Waits until the process is stopped, as a shell does.
fn wait_for_stop(session: &Session) {
    let pid = session.child.process_id().expect("it runs").cast_signed();
    let mut status = 0;
    // SAFETY: waitpid writes the status and nothing else; a stop does not reap the child.
    let found = unsafe { libc::waitpid(pid, &mut status, libc::WUNTRACED) };
    assert!(found == pid && libc::WIFSTOPPED(status));
}

#[test]
fn a_terminal_may_have_any_size() {
    let mut session = Session::opened(&["run", "handshake"]);
    for (rows, cols, seen) in [(1, 1, "q"), (2, 200, "step 1/"), (24, 80, "2 Ladder")] {
        session
            .screen
            .screen_mut()
            .set_size(cells(rows), cells(cols));
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        session
            .master
            .resize(size)
            .expect("the terminal is resized");
        session.until(seen, |s| s.text().contains(seen));
    }
    session.keys("q");
    assert_eq!(session.ended(), 0);
}

#[test]
fn no_color_leaves_no_colour_and_ascii_nothing_else() {
    for environment in [
        [("NO_COLOR", "1"), ("LANG", "C.UTF-8")],
        [("NO_COLOR", "1"), ("LANG", "C")],
    ] {
        let mut session = Session::start(&["run", "handshake"], &environment);
        session.until("the first step", |s| {
            s.text().contains("step 1/") && s.text().contains("quit")
        });
        session.keys("l");
        session.until("the second step", |s| s.text().contains("step 2/"));
        let screen = session.screen.screen();
        for row in 0..24 {
            for column in 0..80 {
                let cell = screen.cell(row, column).expect("a cell");
                assert_eq!(cell.fgcolor(), vt100::Color::Default);
                assert_eq!(cell.bgcolor(), vt100::Color::Default);
            }
        }
        let chosen = (0..24).any(|row| screen.cell(row, 10).is_some_and(vt100::Cell::inverse));
        assert!(chosen, "the choice is not seen:\n{}", session.text());
        if environment[1].1 == "C" {
            assert!(session.text().is_ascii(), "{}", session.text());
        }
        session.keys("q");
        assert_eq!(session.ended(), 0);
    }
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_layerwalk"))
        .args(["run", "handshake"])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("layerwalk show"), "{error}");
}

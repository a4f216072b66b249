//! The terminal: taken over once, and given back whatever happens.

use std::io::{self, IsTerminal as _, Stdout, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, terminal};
use ratatui::backend::CrosstermBackend;

/// Whether the terminal is ours now: what the panic hook and the drop ask.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. Dropping it gives it back.
pub struct Screen {
    terminal: ratatui::Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

/// Whether there is a terminal to take: both for reading keys and for drawing.
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Screen {
    /// Takes the terminal over: raw mode, the alternate screen, no cursor.
    ///
    /// # Errors
    /// If the terminal refuses.
    pub fn enter() -> io::Result<Self> {
        give_back_on_panic();
        take()?;
        let terminal = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()));
        let terminal = terminal.inspect_err(|_| give_back())?;
        Ok(Self {
            terminal,
            mouse: false,
        })
    }

    /// Draws a whole screen.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::buffer::Buffer)) -> io::Result<()> {
        self.terminal
            .draw(|frame| draw(frame.buffer_mut()))
            .map(|_| ())
    }

    /// The size in columns and rows.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Turns the reports of the mouse on or off.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Writes a control sequence of ours.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn write(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Gives the terminal back, stops this process until it is continued, and takes the terminal again.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // SAFETY: raise has no preconditions; SIGSTOP stops the whole process until SIGCONT.
        unsafe { libc::raise(libc::SIGSTOP) };
        self.retake()
    }

    /// Takes the terminal again after the process was continued, and forgets what is on it.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn retake(&mut self) -> io::Result<()> {
        take()?;
        if self.mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        // `Terminal::clear` would ask for the cursor's place, and wait for an answer that the loop's reader takes.
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode().inspect_err(|_| TAKEN.store(false, Ordering::SeqCst))?;
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide).inspect_err(|_| give_back())
}

/// Gives the terminal back if it is ours. What fails here fails because the terminal is gone: nobody is left to tell.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            io::stdout(),
            DisableMouseCapture,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = terminal::disable_raw_mode();
    }
}

/// A panic's message must be readable: the terminal comes back before it is printed.
fn give_back_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

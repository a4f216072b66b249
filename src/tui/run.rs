//! The loop around the screen: keys, signals, what comes, and the pace of autoplay.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, MouseButton, MouseEvent, MouseEventKind};
use futures_util::StreamExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::app::{App, CatalogueEntry, Coming, Request};
use super::copy;
use super::keys::Command;
use super::terminal::{self, Screen};
use super::theme::{Depth, Theme};
use crate::walk::Walk;
use crate::walk::step::StepId;

/// Opens a built-in walk by its name; the error is shown to the user.
pub type Opener = fn(&str) -> Result<Walk, String>;

/// How the screen looks, and what it can open.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// ASCII alone.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
    /// All colours, not only the sixteen of ANSI.
    pub true_color: bool,
    /// The built-in walks.
    pub catalogue: Vec<CatalogueEntry>,
    /// What opens them.
    pub open: Option<Opener>,
    /// What the user must know before the first key, such as damage of the file.
    pub note: Option<String>,
    /// Where to begin; the first step where none is given.
    pub start: Option<StepId>,
}

impl Options {
    /// What the environment says: `NO_COLOR`, `COLORTERM`, and whether the locale is UTF-8.
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(var);
        let locale = locale
            .into_iter()
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        let locale = locale.to_lowercase();
        Self {
            ascii: !(locale.contains("utf-8") || locale.contains("utf8")),
            no_color: !var("NO_COLOR").is_empty() || var("TERM") == "dumb",
            true_color: matches!(var("COLORTERM").as_str(), "truecolor" | "24bit"),
            ..Self::default()
        }
    }

    /// The look that follows.
    pub fn theme(&self) -> Theme {
        let depth = match (self.no_color, self.true_color) {
            (true, _) => Depth::None,
            (false, true) => Depth::True,
            (false, false) => Depth::Ansi16,
        };
        Theme {
            depth,
            ascii: self.ascii,
            ..Theme::default()
        }
    }
}

/// What is walked.
#[derive(Debug)]
pub struct Source {
    /// The walk.
    pub walk: Walk,
    /// What still comes, of a live capture or a world that runs.
    pub coming: Option<Receiver<Coming>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The step that was shown last.
    pub at: StepId,
    /// It is the first step.
    pub at_first: bool,
    /// The built-in walk that was opened last from the catalogue, if one was.
    pub opened: Option<String>,
    /// The signal that ended it; `None`: the user did.
    pub signal: Option<i32>,
}

/// Why the screen cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal.
    #[error(
        "the screen needs a terminal for its input and output; `layerwalk show` prints to anything"
    )]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the walk until the user quits or a signal ends it. The terminal is given back in every case.
///
/// # Errors
/// If there is no terminal, or it fails.
pub fn run(options: &Options, source: Source) -> Result<Ended, TuiError> {
    if !terminal::is_there() {
        return Err(TuiError::NoTerminal);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(Loop::new(options, source)?.run())?;
    Ok(ended)
}

/// The loop and what it waits for.
struct Loop<'o> {
    app: App<'static>,
    options: &'o Options,
    coming: Option<Receiver<Coming>>,
    /// Before then nothing that comes is taken.
    rests_until: Instant,
    screen: Screen,
    pace: Option<(u8, Interval)>,
    /// When the digits typed so far are over, if no other key comes.
    digits_end: Option<Instant>,
    opened: Option<String>,
}

/// What woke the loop.
enum Woken {
    Event(Option<io::Result<Event>>),
    Came(Option<Coming>),
    Ended(i32),
    Stop,
    Continued,
    Tick,
    DigitsEnd,
    Search,
}

/// Digits with a longer pause between them are not one number.
const DIGITS_PAUSE: Duration = Duration::from_millis(700);

/// How often the screen may be drawn anew for what comes.
const LIVE_PAUSE: Duration = Duration::from_millis(40);

/// So much longer than it took to take what came, nothing is taken: the rest of the time is for keys, and for others.
const REST: u32 = 4;

/// What comes is taken for so long at once, or so many records, and the rest after a pause.
const LONGEST: Duration = Duration::from_millis(100);
const MOST_RECORDS: usize = 50_000;

impl<'o> Loop<'o> {
    fn new(options: &'o Options, source: Source) -> io::Result<Self> {
        let mut app = App::new(source.walk, options.theme(), options.catalogue.clone());
        if let Some(start) = options.start {
            app.go(start);
            app.say("going on where you left; g goes to the first step");
        }
        if let Some(note) = &options.note {
            app.say(crate::base::text::safe(note));
        }
        if source.coming.is_some() {
            app.follow();
        }
        let screen = Screen::enter()?;
        Ok(Self {
            app,
            options,
            coming: source.coming,
            rests_until: Instant::now(),
            screen,
            pace: None,
            digits_end: None,
            opened: None,
        })
    }

    async fn run(mut self) -> io::Result<Ended> {
        let mut events = EventStream::new();
        let mut signals = Signals::new()?;
        loop {
            self.draw()?;
            let woken = tokio::select! {
                event = events.next() => Woken::Event(event),
                woken = signals.next() => woken,
                came = next(&mut self.coming, self.rests_until) => Woken::Came(came),
                () = tick(&mut self.pace) => Woken::Tick,
                () = until(self.digits_end) => Woken::DigitsEnd,
                () = at_once(self.app.is_searching()) => Woken::Search,
            };
            if let Some(signal) = self.handle(woken)? {
                return Ok(self.ended(signal));
            }
        }
    }

    fn ended(self, signal: Option<i32>) -> Ended {
        let first = self.app.scene().is_none_or(|scene| scene.number <= 1);
        Ended {
            at: self.app.at(),
            at_first: first,
            opened: self.opened,
            signal,
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let (width, height) = self.screen.size()?;
        self.app.resize(width, height);
        let app = &self.app;
        self.screen.draw(|buffer| app.draw(buffer))
    }

    /// Takes what woke the loop. `Some`: it ends, by this signal or by the user.
    fn handle(&mut self, woken: Woken) -> io::Result<Option<Option<i32>>> {
        match woken {
            Woken::Event(Some(Ok(event))) => return self.event(&event),
            // The terminal is gone.
            Woken::Event(Some(Err(_)) | None) => return Ok(Some(Some(libc::SIGHUP))),
            Woken::Ended(signal) => return Ok(Some(Some(signal))),
            Woken::Stop => self.screen.suspend()?,
            Woken::Continued => self.screen.retake()?,
            Woken::Tick => self.app.tick(),
            Woken::DigitsEnd => {
                self.digits_end = None;
                self.app.pause();
            }
            Woken::Search => self.app.search_on(),
            Woken::Came(Some(coming)) => self.take(coming),
            Woken::Came(None) => {
                self.coming = None;
                self.app.finish();
                self.app.say(match self.app.walk().outcome() {
                    Some(_) => "the run has ended",
                    None => "the capture has ended",
                });
            }
        }
        self.keep_pace();
        Ok(None)
    }

    fn event(&mut self, event: &Event) -> io::Result<Option<Option<i32>>> {
        let request = match event {
            Event::Key(key) => self.app.key(key),
            Event::Mouse(mouse) => self.mouse(mouse),
            _ => None,
        };
        match request {
            None => {}
            Some(Request::Quit) => return Ok(Some(None)),
            Some(Request::Suspend) => self.screen.suspend()?,
            Some(Request::Copy(text)) => self.screen.write(&copy::osc52(&text))?,
            Some(Request::Mouse(on)) => self.screen.set_mouse(on)?,
            Some(Request::Open(name)) => self.open(&name),
        }
        self.digits_end = self
            .app
            .is_counting()
            .then(|| Instant::now() + DIGITS_PAUSE);
        self.keep_pace();
        Ok(None)
    }

    fn mouse(&mut self, event: &MouseEvent) -> Option<Request> {
        match event.kind {
            MouseEventKind::ScrollDown => self.app.command(Command::Next),
            MouseEventKind::ScrollUp => self.app.command(Command::Back),
            MouseEventKind::Down(MouseButton::Left) => {
                self.app.click(event.column, event.row);
                None
            }
            _ => None,
        }
    }

    fn open(&mut self, name: &str) {
        let Some(open) = self.options.open else {
            return self.app.say("nothing can be opened here");
        };
        match open(name) {
            Ok(walk) => {
                self.coming = None;
                self.app.replace(walk);
                self.opened = Some(name.to_owned());
            }
            Err(error) => self.app.say(error),
        }
    }

    /// Takes what came and what waits behind it, then lets a while pass: drawing must not slow the capture down.
    fn take(&mut self, coming: Coming) {
        let begun = Instant::now();
        self.app.push(coming);
        while begun.elapsed() < LONGEST
            && self.app.waiting() < MOST_RECORDS
            && let Some(Ok(coming)) = self.coming.as_mut().map(Receiver::try_recv)
        {
            self.app.push(coming);
        }
        self.app.pushed();
        let rest = LIVE_PAUSE.max(begun.elapsed() * REST);
        self.rests_until = Instant::now() + rest;
    }

    /// Makes the timer that autoplay asks for.
    fn keep_pace(&mut self) {
        let wanted = self.app.autoplay();
        if self.pace.as_ref().map(|(pace, _)| *pace) != wanted {
            self.pace = wanted.map(|pace| {
                let period = Duration::from_secs(u64::from(pace));
                let mut timer = interval_at(Instant::now() + period, period);
                timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
                (pace, timer)
            });
        }
    }
}

/// What comes next, not before `time`; never, where nothing does.
async fn next(coming: &mut Option<Receiver<Coming>>, time: Instant) -> Option<Coming> {
    match coming {
        Some(coming) => {
            tokio::time::sleep_until(time).await;
            coming.recv().await
        }
        None => std::future::pending().await,
    }
}

/// Comes back when everything else that is ready was looked at; never, if it is not wanted.
async fn at_once(wanted: bool) {
    match wanted {
        true => tokio::task::yield_now().await,
        false => std::future::pending().await,
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

async fn tick(pace: &mut Option<(u8, Interval)>) {
    match pace {
        Some((_, timer)) => {
            timer.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// The signals that end, stop or continue the process.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
        })
    }

    async fn next(&mut self) -> Woken {
        tokio::select! {
            _ = self.interrupt.recv() => Woken::Ended(libc::SIGINT),
            _ = self.terminate.recv() => Woken::Ended(libc::SIGTERM),
            _ = self.hangup.recv() => Woken::Ended(libc::SIGHUP),
            _ = self.stop.recv() => Woken::Stop,
            _ = self.go_on.recv() => Woken::Continued,
        }
    }
}

//! `layerwalk capture`: watch an interface, on the screen or line by line, and keep what passes.

pub(super) mod output;
pub(super) mod session;
pub(super) mod time;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{self, Sender};

use super::exit::{Exit, Result};
use super::screen::{self, Look};
use super::show::compile;
use crate::capture::live::{AsyncLive, Live, LiveError, Options};
use crate::capture::privileges;
use crate::show::Format;
use crate::tui::{self, Coming};
use crate::walk::Walk;
use output::Output;
use session::{Report, Session, Shown, Source};

/// Packets that wait for the screen; more wait in the kernel.
const WAITING: usize = 1024;

/// Capture from an interface
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sudo layerwalk capture -i eth0                       on the screen, as it comes
  sudo layerwalk capture -i eth0 --show                a line for each frame, until Ctrl-C
  sudo layerwalk capture -i lo -w talk.pcapng          on the screen, and into a file
  sudo layerwalk capture -i lo --show 'tcp.port == 80' --duration 10s
  sudo layerwalk capture -i lo -w - --count 10 | tshark -r -

To capture without sudo, give the program the capability once:
  sudo setcap cap_net_raw+ep $(command -v layerwalk)")]
pub struct CaptureArgs {
    /// The interface, such as eth0 or lo; `layerwalk list interfaces` names them
    #[arg(short, long, value_name = "IFACE")]
    interface: String,
    /// Only what this display filter selects, such as 'tcp.port == 80 && websocket'
    filter: Option<String>,
    /// Write the frames to this file (pcapng), or to standard output for -
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// End after so many frames
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time, such as 500ms, 10s or 2min
    #[arg(long, value_name = "TIME", value_parser = time::parse_duration)]
    duration: Option<Duration>,
    /// Print a line for each frame, in place of the screen
    #[arg(long)]
    show: bool,
    /// How frames are printed with --show
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Take frames to other hosts too, where the network brings them
    #[arg(long)]
    promiscuous: bool,
    /// Keep no more than so many bytes of each frame
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 0,
        hide_default_value = true
    )]
    snap_len: u32,
}

/// Runs the command, until it is told to end or the interface goes away.
pub fn run(args: &CaptureArgs, look: Look) -> Result {
    let to_stdout = args
        .write
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-");
    if to_stdout && args.show {
        return Err(Exit::usage(
            "--show and -w - both write to standard output: choose one",
        ));
    }
    let options = Options {
        promiscuous: args.promiscuous,
        snap_len: args.snap_len,
        ..Options::default()
    };
    let filter = args.filter.as_deref().map(compile).transpose()?;
    let live = Live::open(&args.interface, &options)?;
    // As the user who may do it: afterwards root's files are closed to us.
    let output = match &args.write {
        Some(path) => Some(Output::create(
            path,
            std::slice::from_ref(live.interface()),
            &[],
        )?),
        None => None,
    };
    drop_privileges()?;
    let walk = || Walk::live(&args.interface, live.interface().clone());
    let begins = format!("capturing on {}", args.interface);
    let session = Session::new(walk(), begins, filter, output, args.count);
    let how = match (args.show, &args.write) {
        (false, _) if !to_stdout && tui::has_terminal() => How::Screen(Box::new(walk()), look),
        (true, _) | (_, None) => How::Lines(args.format),
        _ => How::Silent,
    };
    let open = |_: &Shown| AsyncLive::new(live).map_err(Exit::unreadable);
    Capturing::new(session, open, args.duration)?.show(how)
}

/// Gives all privileges up.
pub(super) fn drop_privileges() -> Result {
    privileges::drop_all().map_err(|error| {
        Exit::not_permitted(format!(
            "privileges cannot be given up, so nothing is captured: {error}"
        ))
    })
}

/// How a capture is shown.
pub(super) enum How {
    /// Not at all.
    Silent,
    /// A line for each frame.
    Lines(Format),
    /// On the screen, as this walk, which grows.
    Screen(Box<Walk>, Look),
    /// The same, where the source tells what it grows by: not packets alone.
    Told(Box<Walk>, Look),
}

/// A capture that is ready to begin, when `open` has opened what is captured.
pub(super) struct Capturing<O> {
    runtime: Runtime,
    open: O,
    session: Session,
    duration: Option<Duration>,
}

impl<O, S: Source> Capturing<O>
where
    O: FnOnce(&Shown) -> Result<S> + Send + 'static,
{
    /// A capture of what `open` opens, in the runtime that it is called in.
    pub(super) fn new(session: Session, open: O, duration: Option<Duration>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Ok(Self {
            runtime: runtime.map_err(Exit::unreadable)?,
            open,
            session,
            duration,
        })
    }

    /// Captures until the end.
    pub(super) fn show(self, how: How) -> Result {
        match how {
            How::Silent => self.run(Shown::Not).tell(),
            How::Lines(format) => self.run(Shown::Lines(format)).tell(),
            How::Screen(walk, look) => self.on_screen(*walk, look, Shown::Screen),
            How::Told(walk, look) => self.on_screen(*walk, look, Shown::Told),
        }
    }

    fn run(self, shown: Shown) -> Report {
        let capture = self.session.run(self.open, shown, self.duration);
        self.runtime.block_on(capture)
    }

    /// Captures on a thread of its own, so that the screen, however long it takes, costs no frame.
    fn on_screen(self, walk: Walk, look: Look, how: fn(Sender<Coming>) -> Shown) -> Result {
        let (sender, coming) = mpsc::channel(WAITING);
        let capture = thread::spawn(move || self.run(how(sender)));
        let shown = screen::show(walk, Some(coming), look);
        let report = capture.join().expect("the capture does not panic");
        let captured = report.tell();
        shown.and(captured)
    }
}

impl From<LiveError> for Exit {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::NotPermitted { .. } => Self::not_permitted(error),
            LiveError::NoSuchInterface { .. } => Self::usage(error),
            _ => Self::unreadable(error),
        }
    }
}

//! `layerwalk capture`: watch an interface, and keep what passes.

mod output;
mod time;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::{Exit, Result};
use super::show::compile;
use crate::base::FrameId;
use crate::capture::live::{AsyncLive, Live, LiveError, Options};
use crate::capture::packet::Packet;
use crate::capture::privileges;
use crate::proto::filter::Filter;
use crate::show::{self, Format};
use crate::walk::Walk;
use output::Output;

/// Capture from an interface
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sudo layerwalk capture -i eth0                       a line for each frame, until Ctrl-C
  sudo layerwalk capture -i lo -w talk.pcapng          into a file, until Ctrl-C
  sudo layerwalk capture -i lo 'tcp.port == 80' --duration 10s
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
    /// Print a line for each frame; without -w that is done anyway
    #[arg(long)]
    show: bool,
    /// How frames are printed
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
pub fn run(args: &CaptureArgs) -> Result {
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
        Some(path) => Some(Output::create(path, &live)?),
        None => None,
    };
    privileges::drop_all().map_err(|error| {
        Exit::not_permitted(format!(
            "privileges cannot be given up, so nothing is captured: {error}"
        ))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Exit::unreadable)?;
    let session = Session {
        print: (args.show || args.write.is_none()).then_some(args.format),
        walk: Walk::live(&args.interface, live.interface().clone()),
        filter,
        output,
        seen: 0,
        kept: 0,
    };
    runtime.block_on(capture(args, live, session))
}

/// Captures until the end, and sees that the file is complete and the numbers are told, whatever the end is.
async fn capture(args: &CaptureArgs, live: Live, mut session: Session) -> Result {
    let mut live = AsyncLive::new(live).map_err(Exit::unreadable)?;
    let mut stop = Stop::new(args.duration)?;
    eprintln!("capturing on {}; Ctrl-C ends it", args.interface);
    let ended = session
        .take(&mut live, &mut stop, args.count.unwrap_or(u64::MAX))
        .await;
    let counts = live.counts();
    let summary = session.summary();
    let finished = match session.output {
        Some(output) => output.finish(counts),
        None => Ok(()),
    };
    eprintln!("{summary}, {} dropped", counts.dropped);
    ended.and(finished)
}

/// What is done with the packets as they come.
struct Session {
    /// Each frame is printed so.
    print: Option<Format>,
    /// The conversation so far, which frames are printed and selected in the light of. It grows; a capture that only
    /// writes its file keeps none.
    walk: Walk,
    filter: Option<Filter>,
    output: Option<Output>,
    /// Frames that came.
    seen: u64,
    /// Frames that were selected.
    kept: u64,
}

impl Session {
    /// Takes packets until there are `count` or it is time to stop. What came before the stop is taken still.
    async fn take(&mut self, live: &mut AsyncLive, stop: &mut Stop, count: u64) -> Result {
        while self.kept < count {
            tokio::select! {
                biased;
                () = stop.wait() => return self.drain(live, count),
                packet = live.next() => self.packet(packet?)?,
            }
        }
        Ok(())
    }

    fn drain(&mut self, live: &mut AsyncLive, count: u64) -> Result {
        let stopped = time::now();
        while self.kept < count {
            match live.try_next()? {
                Some(packet) if packet.time <= stopped => self.packet(packet)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn packet(&mut self, packet: Packet) -> Result {
        self.seen += 1;
        if self.print.is_some() || self.filter.is_some() {
            self.walk.push_packet(packet.clone());
            let id = FrameId::from_index(self.walk.frames() - 1);
            if !self.selects(id) {
                return Ok(());
            }
            self.print(id)?;
        }
        self.kept += 1;
        match &mut self.output {
            Some(output) => output.packet(&packet),
            None => Ok(()),
        }
    }

    fn selects(&self, id: FrameId) -> bool {
        let Some(filter) = &self.filter else {
            return true;
        };
        let frame = self.walk.frame(id);
        frame.is_some_and(|frame| self.walk.fits(filter, &frame))
    }

    fn print(&self, id: FrameId) -> Result {
        let Some(format) = self.print else {
            return Ok(());
        };
        let mut out = io::stdout().lock();
        show::frame(&self.walk, id, format, &mut out)?;
        out.flush()?;
        Ok(())
    }

    fn summary(&self) -> String {
        let noun = if self.kept == 1 { "frame" } else { "frames" };
        match self.filter {
            Some(_) => format!("{} of {} {noun} captured", self.kept, self.seen),
            None => format!("{} {noun} captured", self.kept),
        }
    }
}

/// What ends a capture from outside: a signal, or the time that it was given.
struct Stop {
    signals: [Signal; 3],
    deadline: Option<tokio::time::Instant>,
}

impl Stop {
    fn new(duration: Option<Duration>) -> Result<Self> {
        let listen = |kind| signal(kind).map_err(Exit::unreadable);
        Ok(Self {
            signals: [
                listen(SignalKind::interrupt())?,
                listen(SignalKind::terminate())?,
                listen(SignalKind::hangup())?,
            ],
            deadline: duration.and_then(|d| tokio::time::Instant::now().checked_add(d)),
        })
    }

    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            () = deadline => {}
        }
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

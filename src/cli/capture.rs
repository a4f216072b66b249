//! `layerwalk capture`: watch an interface, and keep what passes.

mod output;
mod time;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::{Exit, Result};
use crate::base::Time;
use crate::capture::live::{AsyncLive, Live, LiveError, Options};
use crate::capture::packet::{Direction, Packet};
use crate::capture::privileges;
use output::Output;

/// Capture from an interface
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sudo layerwalk capture -i eth0                       a line for each frame, until Ctrl-C
  sudo layerwalk capture -i lo -w talk.pcapng          into a file, until Ctrl-C
  sudo layerwalk capture -i lo -w - --count 10 | tshark -r -

To capture without sudo, give the program the capability once:
  sudo setcap cap_net_raw+ep $(command -v layerwalk)")]
pub struct CaptureArgs {
    /// The interface, such as eth0 or lo; `layerwalk list interfaces` names them
    #[arg(short, long, value_name = "IFACE")]
    interface: String,
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
        show: args.show || args.write.is_none(),
        output,
        frames: 0,
        first: None,
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
    let finished = match session.output {
        Some(output) => output.finish(counts),
        None => Ok(()),
    };
    eprintln!("{}, {} dropped", frames(session.frames), counts.dropped);
    ended.and(finished)
}

fn frames(count: u64) -> String {
    let noun = if count == 1 { "frame" } else { "frames" };
    format!("{count} {noun} captured")
}

/// What is done with the packets as they come.
struct Session {
    show: bool,
    output: Option<Output>,
    /// Frames so far.
    frames: u64,
    /// The time of the first.
    first: Option<Time>,
}

impl Session {
    /// Takes packets until there are `count` or it is time to stop. What came before the stop is taken still.
    async fn take(&mut self, live: &mut AsyncLive, stop: &mut Stop, count: u64) -> Result {
        while self.frames < count {
            tokio::select! {
                biased;
                () = stop.wait() => return self.drain(live, count),
                packet = live.next() => self.packet(&packet?)?,
            }
        }
        Ok(())
    }

    fn drain(&mut self, live: &mut AsyncLive, count: u64) -> Result {
        let stopped = time::now();
        while self.frames < count {
            match live.try_next()? {
                Some(packet) if packet.time <= stopped => self.packet(&packet)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn packet(&mut self, packet: &Packet) -> Result {
        self.frames += 1;
        if let Some(output) = &mut self.output {
            output.packet(packet)?;
        }
        if self.show {
            let first = *self.first.get_or_insert(packet.time);
            let mut out = io::stdout().lock();
            writeln!(out, "{}", line(self.frames, first, packet))?;
            out.flush()?;
        }
        Ok(())
    }
}

/// A frame in a line.
fn line(number: u64, first: Time, packet: &Packet) -> String {
    let since = Time::ZERO + packet.time.since(first);
    let direction = match packet.direction {
        Some(Direction::Inbound) => "in",
        Some(Direction::Outbound) => "out",
        None => "-",
    };
    format!(
        "{number:>6} {since} {direction:<3} {} bytes",
        packet.original_len
    )
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

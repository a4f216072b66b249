//! A capture from its beginning to its end.

use std::future;
use std::io::{self, Write};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep_until};

use super::output::Output;
use super::time;
use crate::base::FrameId;
use crate::capture::live::{AsyncLive, Live};
use crate::capture::packet::Packet;
use crate::cli::exit::{Exit, Result};
use crate::proto::filter::Filter;
use crate::show::{self, Format};
use crate::walk::Walk;

/// Where packets are shown.
pub(super) enum Shown {
    /// Nowhere.
    Not,
    /// On standard output.
    Lines(Format),
    /// On a screen, which drops the other end when it is closed.
    Screen(Sender<Packet>),
}

/// How a capture ended.
pub(super) struct Report {
    result: Result,
    /// What was captured, in words; none if it did not begin.
    summary: Option<String>,
}

impl Report {
    /// Tells what was captured; how it ended.
    pub(super) fn tell(self) -> Result {
        if let Some(summary) = self.summary {
            eprintln!("{summary}");
        }
        self.result
    }
}

/// What is done with the packets as they come.
pub(super) struct Session {
    interface: String,
    /// The conversation so far, in the light of which frames are printed and selected. It grows; a capture that
    /// selects and prints nothing keeps none.
    walk: Walk,
    filter: Option<Filter>,
    output: Option<Output>,
    /// The capture ends with so many.
    count: u64,
    /// Frames that came.
    seen: u64,
    /// Frames that were selected.
    kept: u64,
}

impl Session {
    pub(super) fn new(
        live: &Live,
        filter: Option<Filter>,
        output: Option<Output>,
        count: Option<u64>,
    ) -> Self {
        let interface = live.info().name.clone();
        Self {
            walk: Walk::live(&interface, live.interface().clone()),
            interface,
            filter,
            output,
            count: count.unwrap_or(u64::MAX),
            seen: 0,
            kept: 0,
        }
    }

    /// Captures until the end, and sees that the file is complete, whatever the end is.
    pub(super) async fn run(
        mut self,
        live: Live,
        shown: Shown,
        duration: Option<Duration>,
    ) -> Report {
        let begun = AsyncLive::new(live).map_err(Exit::unreadable);
        let begun = begun.and_then(|live| Ok((live, Stop::new(duration)?)));
        let (mut live, mut stop) = match begun {
            Ok(begun) => begun,
            Err(exit) => {
                return Report {
                    result: Err(exit),
                    summary: None,
                };
            }
        };
        if !matches!(shown, Shown::Screen(_)) {
            eprintln!("capturing on {}; Ctrl-C ends it", self.interface);
        }
        let ended = self.take(&mut live, &mut stop, &shown).await;
        let counts = live.counts();
        let summary = format!("{}, {} dropped", self.summary(), counts.dropped);
        let finished = match self.output {
            Some(output) => output.finish(counts),
            None => Ok(()),
        };
        Report {
            result: ended.and(finished),
            summary: Some(summary),
        }
    }

    /// Takes packets until there are enough or it is time to stop. What came before the stop is taken still.
    async fn take(&mut self, live: &mut AsyncLive, stop: &mut Stop, shown: &Shown) -> Result {
        while self.kept < self.count {
            tokio::select! {
                biased;
                () = closed(shown) => return Ok(()),
                () = stop.wait() => return self.drain(live, shown).await,
                packet = live.next() => self.packet(packet?, shown).await?,
            }
        }
        Ok(())
    }

    async fn drain(&mut self, live: &mut AsyncLive, shown: &Shown) -> Result {
        let stopped = time::now();
        while self.kept < self.count {
            match live.try_next()? {
                Some(packet) if packet.time <= stopped => self.packet(packet, shown).await?,
                _ => break,
            }
        }
        Ok(())
    }

    async fn packet(&mut self, packet: Packet, shown: &Shown) -> Result {
        self.seen += 1;
        if self.filter.is_some() || matches!(shown, Shown::Lines(_)) {
            self.walk.push_packet(packet.clone());
            if !self.selects_last() {
                return Ok(());
            }
        }
        self.kept += 1;
        if let Some(output) = &mut self.output {
            output.packet(&packet)?;
        }
        match shown {
            Shown::Not => {}
            Shown::Lines(format) => self.print_last(*format)?,
            // A screen that was closed meanwhile needs it no more.
            Shown::Screen(sender) => drop(sender.send(packet).await),
        }
        Ok(())
    }

    fn last(&self) -> FrameId {
        FrameId::from_index(self.walk.frames() - 1)
    }

    fn selects_last(&self) -> bool {
        let Some(filter) = &self.filter else {
            return true;
        };
        let frame = self.walk.frame(self.last());
        frame.is_some_and(|frame| self.walk.fits(filter, &frame))
    }

    fn print_last(&self, format: Format) -> Result {
        let mut out = io::stdout().lock();
        show::frame(&self.walk, self.last(), format, &mut out)?;
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

/// Waits until the screen is closed; forever where there is none.
async fn closed(shown: &Shown) {
    match shown {
        Shown::Screen(sender) => sender.closed().await,
        _ => future::pending().await,
    }
}

/// What ends a capture from outside: a signal, or the time that it was given.
struct Stop {
    signals: [Signal; 3],
    deadline: Option<Instant>,
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
            deadline: duration.and_then(|duration| Instant::now().checked_add(duration)),
        })
    }

    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        let deadline = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => future::pending().await,
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

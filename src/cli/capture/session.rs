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
use crate::capture::live::{AsyncLive, Counts};
use crate::capture::packet::Packet;
use crate::cli::exit::{Exit, Result};
use crate::proto::filter::Filter;
use crate::show::{self, Format};
use crate::tui::Coming;
use crate::walk::Walk;
use crate::walk::select::Selector;

/// Where packets come from.
pub(in crate::cli) trait Source {
    /// Waits for the next packet. An error is the end. Nothing is lost if the future is dropped.
    async fn next(&mut self) -> Result<Packet>;
    /// The next packet, if one is there.
    fn try_next(&mut self) -> Result<Option<Packet>>;
    /// What was received and lost so far.
    fn counts(&mut self) -> Counts;
    /// Nothing more will be asked for: tells the screen the rest, if it tells it anything.
    async fn end(&mut self) {}
}

impl Source for AsyncLive {
    async fn next(&mut self) -> Result<Packet> {
        Ok(AsyncLive::next(self).await?)
    }

    fn try_next(&mut self) -> Result<Option<Packet>> {
        Ok(AsyncLive::try_next(self)?)
    }

    fn counts(&mut self) -> Counts {
        AsyncLive::counts(self)
    }
}

/// Where packets are shown.
pub(in crate::cli) enum Shown {
    /// Nowhere.
    Not,
    /// On standard output.
    Lines(Format),
    /// On a screen, which drops the other end when it is closed.
    Screen(Sender<Coming>),
    /// On such a screen, which the source tells by itself what happens: not the packets alone.
    Told(Sender<Coming>),
}

/// How a capture ended.
pub(in crate::cli) struct Report {
    result: Result,
    /// What was captured, in words; none if it did not begin.
    summary: Option<String>,
}

impl Report {
    /// Tells what was captured; how it ended.
    pub(in crate::cli) fn tell(self) -> Result {
        if let Some(summary) = self.summary {
            eprintln!("{summary}");
        }
        self.result
    }
}

/// What is done with the packets as they come.
pub(in crate::cli) struct Session {
    /// What to say when it begins.
    begins: String,
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
    /// A session that adds to `walk` what comes, and says `begins` when it begins.
    pub(in crate::cli) fn new(
        walk: Walk,
        begins: String,
        filter: Option<Filter>,
        output: Option<Output>,
        count: Option<u64>,
    ) -> Self {
        Self {
            walk,
            begins,
            filter,
            output,
            count: count.unwrap_or(u64::MAX),
            seen: 0,
            kept: 0,
        }
    }

    /// Captures until the end, and sees that the file is complete, whatever the end is.
    pub(super) async fn run<S: Source>(
        mut self,
        open: impl FnOnce(&Shown) -> Result<S>,
        shown: Shown,
        duration: Option<Duration>,
    ) -> Report {
        // Signals are heard before anything begins, so that none ends it halfway.
        let begun = Stop::new(duration).and_then(|stop| Ok((open(&shown)?, stop)));
        let (mut source, mut stop) = match begun {
            Ok(begun) => begun,
            Err(exit) => {
                return Report {
                    result: Err(exit),
                    summary: None,
                };
            }
        };
        if !matches!(shown, Shown::Screen(_) | Shown::Told(_)) {
            eprintln!("{}; Ctrl-C ends it", self.begins);
        }
        let ended = self.take(&mut source, &mut stop, &shown).await;
        source.end().await;
        let counts = source.counts();
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
    async fn take(&mut self, source: &mut impl Source, stop: &mut Stop, shown: &Shown) -> Result {
        while self.kept < self.count {
            tokio::select! {
                biased;
                () = closed(shown) => return Ok(()),
                () = stop.wait() => return self.drain(source, shown).await,
                packet = source.next() => self.packet(packet?, shown).await?,
            }
        }
        Ok(())
    }

    async fn drain(&mut self, source: &mut impl Source, shown: &Shown) -> Result {
        let stopped = time::now();
        while self.kept < self.count {
            match source.try_next()? {
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
            Shown::Not | Shown::Told(_) => {}
            Shown::Lines(format) => self.print_last(*format)?,
            // A screen that was closed meanwhile needs it no more.
            Shown::Screen(sender) => drop(sender.send(Coming::Packet(packet)).await),
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
        self.walk.selects(&Selector::new(filter), self.last())
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
        Shown::Screen(sender) | Shown::Told(sender) => sender.closed().await,
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

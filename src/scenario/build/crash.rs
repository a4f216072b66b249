//! Hosts that lose their power.

use std::ops::Range;
use std::time::Duration;

use crate::scenario::format;
use crate::scenario::mistake::{Mistake, quote};
use crate::sim::spec;

use super::{Builder, tables};

/// A crash, where it is written, and until when the host is down: `None`, for ever.
struct Outage {
    span: Range<usize>,
    crash: spec::Crash,
    until: Option<Duration>,
}

impl Builder<'_, '_> {
    /// The crashes; `apps` are the programs, none of which may be started on a host that is down.
    pub(super) fn crashes(&mut self, apps: &[spec::App]) -> Vec<spec::Crash> {
        let file = self.file;
        let mut outages: Vec<Outage> = tables(&file.crash)
            .filter_map(|crash| self.one_crash(crash))
            .collect();
        outages.sort_by_key(|outage| outage.crash.at);
        self.once_at_a_time(&outages);
        // Where a program is wrong, they are not in step with their tables.
        let tables: Vec<&format::App> = tables(&file.app).collect();
        if tables.len() == apps.len() {
            for (table, app) in tables.iter().zip(apps) {
                self.starts_while_up(&outages, table, app);
            }
        }
        outages.iter().map(|outage| outage.crash).collect()
    }

    fn one_crash(&mut self, table: &format::Crash) -> Option<Outage> {
        let on = self.host(&table.on, "and a switch has nothing to forget")?;
        let (at, up_after) = (table.at.value?, table.up_after.value?);
        Some(Outage {
            span: table.span.clone(),
            crash: spec::Crash { on, at, up_after },
            until: up_after.map(|span| at.saturating_add(span)),
        })
    }

    /// Notes a crash of a host that is down already. The crashes are in the order of time.
    fn once_at_a_time(&mut self, outages: &[Outage]) {
        for (index, outage) in outages.iter().enumerate() {
            let mut before = outages[..index].iter();
            let first = before
                .find(|first| first.crash.on == outage.crash.on && first.is_down(outage.crash.at));
            if let Some(first) = first {
                let message = format!("{} is down at that time", quote(self.name(outage.crash.on)));
                let mistake = Mistake::new(outage.span.clone(), message, "it cannot crash again");
                self.reader
                    .note(mistake.also(first.span.clone(), "since this crash"));
            }
        }
    }

    fn starts_while_up(&mut self, outages: &[Outage], table: &format::App, app: &spec::App) {
        let mut all = outages.iter();
        if let Some(outage) = all.find(|o| o.crash.on == app.on && o.is_down(app.start)) {
            let message = format!(
                "{} is down when this program is to start",
                quote(self.name(app.on))
            );
            let mistake = Mistake::new(
                table.start.span.clone(),
                message,
                "starts too early, or too late",
            );
            self.reader
                .note(mistake.also(outage.span.clone(), "since this crash"));
        }
    }
}

impl Outage {
    fn is_down(&self, at: Duration) -> bool {
        self.crash.at <= at && self.until.is_none_or(|until| at < until)
    }
}

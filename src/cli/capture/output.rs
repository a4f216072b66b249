//! The file that a capture is written to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::fchown;
use std::path::Path;

use crate::capture::live::Counts;
use crate::capture::packet::{Interface, Packet, ResolvedName};
use crate::capture::pcapng::Writer;
use crate::capture::privileges;
use crate::cli::exit::{Exit, Result};

use super::time;

/// A pcapng file that grows with the capture. Each frame is handed to the system at once, so that the file is whole
/// whenever the program ends.
pub(in crate::cli) struct Output {
    writer: Writer<Box<dyn Write + Send>>,
    name: String,
}

impl Output {
    /// Starts the file for a capture of these interfaces, with names for addresses; `-` is standard output.
    pub(in crate::cli) fn create(
        path: &Path,
        interfaces: &[Interface],
        names: &[ResolvedName],
    ) -> Result<Self> {
        let name = path.display().to_string();
        let start = || {
            let out: Box<dyn Write + Send> = if name == "-" {
                Box::new(io::stdout())
            } else {
                Box::new(create(path)?)
            };
            let mut writer = Writer::new(out, &[])?;
            for interface in interfaces {
                writer.interface(interface)?;
            }
            writer.names(names)?;
            writer.flush()?;
            Ok(writer)
        };
        match start() {
            Ok(writer) => Ok(Self { writer, name }),
            Err(error) => Err(failed(&name, error)),
        }
    }

    /// Adds a packet.
    pub(in crate::cli) fn packet(&mut self, packet: &Packet) -> Result {
        let written = self.writer.packet(packet);
        let flushed = written.and_then(|()| self.writer.flush());
        flushed.map_err(|error| failed(&self.name, error))
    }

    /// Ends the file with what was counted.
    pub(super) fn finish(mut self, counts: Counts) -> Result {
        let (received, dropped) = (counts.received, counts.dropped);
        let written = self.writer.statistics(0, time::now(), received, dropped);
        let flushed = written.and_then(|()| self.writer.flush());
        flushed.map_err(|error| failed(&self.name, error))
    }
}

/// Creates the file, or empties it. A new one belongs to the user who called `sudo`, if that is how we came to be root.
fn create(path: &Path) -> io::Result<File> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => {
            if let Some(user) = privileges::sudo_user() {
                fchown(&file, Some(user.uid), Some(user.gid))?;
            }
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::File::create(path),
        Err(error) => Err(error),
    }
}

fn failed(name: &str, error: io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return error.into();
    }
    Exit::unreadable(format!("{name} cannot be written: {error}"))
}

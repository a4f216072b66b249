//! Messages over streams: who reads them, and where each is.

use std::fmt;

use super::step::FlowId;
use crate::base::FrameId;
use crate::proto::stream::{Dir, Message, Next, Seed, StreamProtocol};

use super::reassembly::{Run, Stream};

/// A message longer than this is left unread.
const LONGEST: usize = 16 << 20;

/// Where a message is, and what its bytes are to be read with. There may be one for each two bytes of a capture, so that
/// it is dissected only when it is looked at.
#[derive(Debug)]
pub(super) struct Entry {
    pub flow: FlowId,
    pub dir: Dir,
    /// The place in the stream.
    pub start: u64,
    pub len: u32,
    pub seed: Seed,
    /// The frame that brought the first byte.
    pub first: FrameId,
}

/// Who reads the two streams of a connection.
#[derive(Default)]
pub(super) struct Reading {
    protocol: Choice,
    readers: [Reader; 2],
    /// What the phase is called in which the streams are read now.
    speaking: Option<&'static str>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

#[derive(Default)]
enum Choice {
    #[default]
    Open,
    /// The stream is of no protocol that is known here.
    Nobody,
    Chosen(Box<dyn StreamProtocol>),
}

/// One direction.
#[derive(Debug, Default)]
struct Reader {
    state: State,
    /// Where `bytes` start in the stream: the end of the last message.
    at: u64,
    bytes: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Reading,
    /// After a gap: waiting for a segment that starts like a message.
    Lost,
    /// Nothing more is read.
    Stopped,
}

/// What the bytes that are there now are the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndOf {
    /// Of a segment, and more may follow.
    Segment,
    /// Of the capture: nothing follows.
    Capture,
}

/// A message that was read, and where.
#[derive(Debug)]
pub(super) struct Found {
    pub dir: Dir,
    pub start: u64,
    pub message: Box<Message>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

impl Reading {
    /// What the phase is called in which the streams are read now: `HTTP`, `WS`.
    pub fn speaking(&self) -> Option<&'static str> {
        self.speaking
    }

    /// Reads what is new in both streams, that of `first` first. `bytes` gives a run's bytes; `ports` are the client's
    /// and the server's; `end`: how much may follow.
    pub fn read<'a>(
        &mut self,
        streams: [&Stream; 2],
        first: Dir,
        ports: [u16; 2],
        end: EndOf,
        bytes: impl Fn(&Run) -> &'a [u8],
    ) -> Vec<Found> {
        let mut found = Vec::new();
        loop {
            let before = found.len();
            for dir in [first, first.reverse()] {
                self.read_dir(streams[dir.index()], dir, ports, end, &bytes, &mut found);
            }
            if found.len() == before {
                return found;
            }
        }
    }

    fn read_dir<'a>(
        &mut self,
        stream: &Stream,
        dir: Dir,
        ports: [u16; 2],
        end: EndOf,
        bytes: &impl Fn(&Run) -> &'a [u8],
        found: &mut Vec<Found>,
    ) {
        loop {
            let reader = &self.readers[dir.index()];
            if matches!(self.protocol, Choice::Nobody) || reader.state == State::Stopped {
                return;
            }
            let to = reader.at + reader.bytes.len() as u64;
            let Some(run) = stream.runs_in(to..stream.end()).next() else {
                let closed = end == EndOf::Capture || stream.is_closed();
                self.parse(dir, closed, found);
                return;
            };
            match run.source {
                Some(_) => self.take(dir, &run, bytes(&run), ports),
                None => {
                    // what stands before the gap is all there will be of it
                    self.parse(dir, true, found);
                    self.lose(dir, &run);
                }
            }
        }
    }

    fn take(&mut self, dir: Dir, run: &Run, bytes: &[u8], ports: [u16; 2]) {
        let reader = &mut self.readers[dir.index()];
        if reader.state == State::Lost {
            if !protocols::starts_message(bytes) {
                reader.at = run.end();
                return;
            }
            reader.state = State::Reading;
        }
        reader.bytes.extend_from_slice(bytes);
        if matches!(self.protocol, Choice::Open) {
            self.protocol = match protocols::choose(&reader.bytes, ports) {
                Some((name, protocol)) => {
                    self.speaking = Some(name);
                    Choice::Chosen(protocol)
                }
                None => Choice::Nobody,
            };
        }
    }

    fn lose(&mut self, dir: Dir, gap: &Run) {
        self.notes.push(format!("{} bytes are missing", gap.len));
        let reader = &mut self.readers[dir.index()];
        reader.state = State::Lost;
        reader.at = gap.end();
        reader.bytes.clear();
    }

    fn parse(&mut self, dir: Dir, closed: bool, found: &mut Vec<Found>) {
        let Choice::Chosen(protocol) = &mut self.protocol else {
            return;
        };
        let reader = &mut self.readers[dir.index()];
        if reader.state != State::Reading {
            return;
        }
        let mut used = 0;
        while used < reader.bytes.len() && reader.state == State::Reading {
            match protocol.next(dir, &reader.bytes[used..], closed) {
                Next::More => break,
                Next::NotMine(why) => {
                    self.notes.push(why);
                    reader.state = State::Stopped;
                }
                Next::Message(mut message) => {
                    message.len = message.len.clamp(1, reader.bytes.len() - used);
                    let start = reader.at + used as u64;
                    used += message.len;
                    let upgrade = message.upgrade.take();
                    found.push(Found {
                        dir,
                        start,
                        message,
                    });
                    if let Some(upgrade) = upgrade {
                        self.speaking = upgrade.phase().or(self.speaking);
                        *protocol = upgrade;
                    }
                }
            }
        }
        reader.bytes.drain(..used);
        reader.at += used as u64;
        if reader.bytes.len() > LONGEST {
            self.notes
                .push(format!("a message longer than {LONGEST} bytes is not read"));
            reader.state = State::Stopped;
        }
        if reader.state == State::Stopped {
            reader.bytes = Vec::new();
        }
    }
}

/// The protocols over streams.
mod protocols {
    use super::StreamProtocol;
    use crate::proto::registry::{self, Claim, Protocol, Reader};

    /// Who reads a stream that starts like this, between these ports, and what the phase is called.
    pub fn choose(
        bytes: &[u8],
        ports: [u16; 2],
    ) -> Option<(&'static str, Box<dyn StreamProtocol>)> {
        let [a, b] = ports;
        // servers' ports are the lower ones
        let by_port = [a.min(b), a.max(b)].map(|port| registry::claimed_by(Claim::TcpPort(port)));
        let by_look = || registry::protocol("http").filter(|_| starts_message(bytes));
        let protocol = by_port.into_iter().flatten().next().or_else(by_look)?;
        make(protocol)
    }

    fn make(protocol: &'static Protocol) -> Option<(&'static str, Box<dyn StreamProtocol>)> {
        match protocol.reader {
            Reader::Stream(make) => Some((protocol.short, make())),
            Reader::Packet(_) | Reader::Within | Reader::WithinMessage => None,
        }
    }

    /// What an HTTP message starts with (RFC 9112 §2.1): the methods of RFC 9110 §9.3 and RFC 5789, and the version.
    const STARTS: [&[u8]; 10] = [
        b"GET ",
        b"HEAD ",
        b"POST ",
        b"PUT ",
        b"DELETE ",
        b"CONNECT ",
        b"OPTIONS ",
        b"TRACE ",
        b"PATCH ",
        b"HTTP/1.",
    ];

    /// Whether a message may start like this: the heuristic, and where reading goes on after a gap.
    pub fn starts_message(bytes: &[u8]) -> bool {
        STARTS.iter().any(|start| bytes.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_read_keeps_little() {
        // a WebSocket frame can be two bytes, and its entry owns nothing outside of itself
        assert!(size_of::<Entry>() <= 48, "{}", size_of::<Entry>());
    }
}

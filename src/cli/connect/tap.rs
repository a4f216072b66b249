//! What passes below the packets and the messages: heads of HTTP, and frames of WebSocket.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::explain::cut;
use super::output::{Mark, Output, members};
use crate::base::Time;
use crate::base::text::safe;
use crate::live::serve::Witness;
use crate::proto::websocket::FrameHeader;
use crate::stack::record::ConnId;

/// Sees the bytes of all connections, and keeps what is to be shown of them until it is asked for.
#[derive(Clone, Default)]
pub struct Tap {
    shows_frames: bool,
    seen: Rc<RefCell<VecDeque<Passed>>>,
    ways: Rc<RefCell<BTreeMap<(ConnId, bool), Way>>>,
}

/// Something that passed.
#[derive(Debug, PartialEq)]
pub struct Passed {
    /// When.
    pub at: Time,
    /// Which way.
    pub mark: Mark,
    /// For people.
    pub text: String,
    /// For programs.
    pub object: Value,
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Way {
    /// Whether the head of HTTP is over, and frames follow.
    has_frames: bool,
    /// Bytes of a head that is not whole.
    head: Vec<u8>,
    /// Bytes of the payload that is coming.
    payload: usize,
}

impl Tap {
    /// Shows the first lines of requests and of responses; with `shows_frames` frames of WebSocket, too.
    pub fn new(shows_frames: bool) -> Self {
        Self {
            shows_frames,
            ..Self::default()
        }
    }

    /// What passed and was not asked for yet.
    fn next(&self) -> Option<Passed> {
        self.seen.borrow_mut().pop_front()
    }

    /// Prints what passed and was not printed yet; `elapsed` tells how long after the start a time is.
    ///
    /// # Errors
    /// If the reader is gone.
    pub fn show(&self, output: &mut Output, elapsed: impl Fn(Time) -> Duration) -> io::Result<()> {
        while let Some(passed) = self.next() {
            let members = members(passed.object);
            output.put(elapsed(passed.at), passed.mark, &passed.text, members)?;
        }
        Ok(())
    }

    fn put(&self, at: Time, is_out: bool, text: String, mut object: Value) {
        let (mark, way) = match is_out {
            true => (Mark::Out, "out"),
            false => (Mark::In, "in"),
        };
        object["way"] = json!(way);
        let text = cut(&safe(&text));
        self.seen.borrow_mut().push_back(Passed {
            at,
            mark,
            text,
            object,
        });
    }

    /// Our side hands whole messages of HTTP on; of a response the beginning comes first.
    fn head(&self, at: Time, is_out: bool, bytes: &[u8]) {
        let Some(line) = first_line(bytes) else {
            return;
        };
        let what = if is_out { "request" } else { "response" };
        let text = format!("http      {line}");
        self.put(at, is_out, text, json!({"what": what, "line": line}));
    }

    fn frame(&self, at: Time, is_out: bool, header: &FrameHeader) {
        let object = json!({
            "what": "frame",
            "fin": header.fin,
            "rsv": header.rsv,
            "opcode": header.opcode.bits(),
            "masked": header.mask.is_some(),
            "length": header.payload_len,
        });
        self.put(at, is_out, describe(header), object);
    }
}

/// A frame in words: `frame: FIN, opcode 1 Text, masked, 2 bytes`.
fn describe(header: &FrameHeader) -> String {
    let fin = if header.fin {
        "FIN"
    } else {
        "no FIN, more follows"
    };
    let mask = match header.mask {
        Some(key) => {
            let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("masked with {key}")
        }
        None => "not masked".to_owned(),
    };
    let rsv = match header.rsv {
        0 => "",
        4 => ", RSV1: compressed",
        _ => ", reserved bits are set",
    };
    format!(
        "  frame: {fin}{rsv}, opcode {} {}, {mask}, payload of {}",
        header.opcode.bits(),
        header.opcode.name(),
        super::explain::count(header.payload_len.try_into().unwrap_or(usize::MAX), "byte"),
    )
}

/// The first line of what begins as HTTP does.
fn first_line(bytes: &[u8]) -> Option<String> {
    let is_http = [&b"GET "[..], b"POST ", b"HTTP/1."]
        .iter()
        .any(|begin| bytes.starts_with(begin));
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    is_http.then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
}

impl Way {
    /// Takes bytes; the headers of the frames that begin in them.
    fn take(&mut self, mut bytes: &[u8]) -> Vec<FrameHeader> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let passed = self.payload.min(bytes.len());
            self.payload -= passed;
            bytes = &bytes[passed..];
            let Some((first, rest)) = bytes.split_first() else {
                break;
            };
            self.head.push(*first);
            bytes = rest;
            if self.has_frames {
                if let Some(header) = FrameHeader::parse(&self.head) {
                    self.payload = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
                    self.head.clear();
                    found.push(header);
                }
            } else if self.head.ends_with(b"\r\n\r\n") {
                let is_refusal =
                    self.head.starts_with(b"HTTP/") && !self.head.starts_with(b"HTTP/1.1 101");
                self.has_frames = true;
                self.head.clear();
                // what follows a refusal is no frame
                self.payload = if is_refusal { usize::MAX } else { 0 };
            }
        }
        found
    }
}

impl Witness for Tap {
    fn passed(&self, now: Time, conn: ConnId, is_out: bool, bytes: &[u8]) {
        if !self.shows_frames {
            return self.head(now, is_out, bytes);
        }
        let mut ways = self.ways.borrow_mut();
        let way = ways.entry((conn, is_out)).or_default();
        if !way.has_frames && way.head.is_empty() {
            self.head(now, is_out, bytes);
        }
        for header in way.take(bytes) {
            self.frame(now, is_out, &header);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_frames_are_shown_however_they_are_cut() {
        let request = b"GET /chat HTTP/1.1\r\nHost: x\r\n\r\n".as_slice();
        let answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".as_slice();
        let frames = b"\xc1\x02hi\x88\x00".as_slice();
        let masked = b"\x01\x82\x01\x02\x03\x04xx".as_slice();
        let tap = Tap::new(true);
        tap.passed(Time::ZERO, ConnId(0), true, request);
        tap.passed(Time::ZERO, ConnId(0), false, answer);
        for byte in frames {
            tap.passed(Time::ZERO, ConnId(0), false, &[*byte]);
        }
        tap.passed(Time::ZERO, ConnId(0), true, masked);
        let told: Vec<String> = std::iter::from_fn(|| tap.next())
            .map(|passed| format!("{:?} {}", passed.mark, passed.text.trim_start()))
            .collect();
        let expected = [
            "Out http      GET /chat HTTP/1.1",
            "In http      HTTP/1.1 101 Switching Protocols",
            "In frame: FIN, RSV1: compressed, opcode 1 Text, not masked, payload of 2 bytes",
            "In frame: FIN, opcode 8 Connection Close, not masked, payload of 0 bytes",
            "Out frame: no FIN, more follows, opcode 1 Text, masked with 01020304, payload of 2 bytes",
        ];
        assert_eq!(told, expected);
    }
}

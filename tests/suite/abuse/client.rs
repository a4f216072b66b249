//! Clients that send what they are told to, right or wrong. All that is waited for has a deadline.

use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use layerwalk::proto::http::Response;
use layerwalk::proto::websocket::{CloseBody, Frame, Opcode};

use crate::serve::Serving;

/// Longer than anything here takes, also on a machine with other work.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A connection on which requests are written.
pub struct Http {
    stream: TcpStream,
    /// What came and was not looked at.
    came: Vec<u8>,
}

impl Http {
    pub fn open(at: &Serving) -> Self {
        let stream = TcpStream::connect(&at.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a stream");
        stream.set_write_timeout(Some(PATIENCE)).expect("a stream");
        stream.set_nodelay(true).expect("a stream");
        let came = Vec::new();
        Self { stream, came }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).expect("it takes it");
    }

    pub fn try_write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// Opens a session; where it polls.
    pub fn session(&mut self, path: &str) -> String {
        self.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let opened = self.answer();
        let sid = opened.split('"').nth(3).expect("a handshake");
        format!("{path}&sid={sid}")
    }

    /// The next answer: its status and its body.
    pub fn answer(&mut self) -> String {
        let (code, body) = self.response();
        format!("{code} {body}")
    }

    /// The next answer: its status, and the message where it is an error of Engine.IO.
    pub fn answer_in_short(&mut self) -> String {
        let (code, body) = self.response();
        let message = body.split(r#""message":""#).nth(1);
        let message = message.and_then(|rest| rest.split('"').next());
        match message {
            Some(message) => format!("{code} {message}"),
            None if body.starts_with("Session") => format!("{code} {body}"),
            None => code.to_string(),
        }
    }

    fn response(&mut self) -> (u16, String) {
        loop {
            if let Some((response, head)) = Response::parse(&self.came).expect("HTTP") {
                let length = response.headers.get("Content-Length").unwrap_or("0");
                let end = head + length.parse::<usize>().expect("a length");
                if self.came.len() >= end {
                    let body = String::from_utf8(self.came[head..end].to_vec());
                    self.came.drain(..end);
                    return (response.code, body.expect("UTF-8"));
                }
            }
            assert!(self.read().expect("an answer") > 0, "it ended");
        }
    }

    /// Whether something comes in this time.
    pub fn has_answer_within(&mut self, span: Duration) -> bool {
        self.stream.set_read_timeout(Some(span)).expect("a stream");
        let came = self.read();
        self.stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a stream");
        match came {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// Whether the other side has closed it.
    pub fn is_closed(&mut self) -> bool {
        self.has_answer_within(Duration::from_millis(10)) && self.came.is_empty()
    }

    /// How it ends behind what was looked at.
    pub fn end(&mut self) -> String {
        match self.read() {
            Ok(1..) => "more".to_owned(),
            Ok(0) | Err(_) => "closed".to_owned(),
        }
    }

    fn read(&mut self) -> Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer)?;
        self.came.extend(&buffer[..count]);
        Ok(count)
    }
}

/// A WebSocket on a connection of its own.
pub struct WebSocket(Http);

impl WebSocket {
    /// Opens it at this target, perhaps with compression.
    pub fn open(at: &Serving, target: &str, deflate: bool) -> Self {
        let mut http = Http::open(at);
        let extension = match deflate {
            true => "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            false => "",
        };
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extension}\r\n"
        );
        http.write(request.as_bytes());
        let (code, _) = http.response();
        assert_eq!(code, 101);
        Self(http)
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub fn try_write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.try_write(bytes)
    }

    /// Sends text, as it must be sent.
    pub fn say(&mut self, text: &str) {
        let frame = Frame::new(Opcode::Text, text).masked([1, 2, 3, 4]);
        self.write(&frame.emit());
    }

    /// Waits until this text comes, and answers pings.
    pub fn until(&mut self, text: &str) {
        loop {
            let frame = self.next().expect("it does not end");
            match frame.payload.as_slice() {
                b"2" => self.say("3"),
                other if other == text.as_bytes() => return,
                _ => assert_ne!(frame.opcode, Opcode::Close),
            }
        }
    }

    /// How it ends.
    pub fn end(&mut self) -> String {
        loop {
            let frame = match self.next() {
                Ok(frame) => frame,
                Err(error) => return format!("{error}, {} bytes came", self.0.came.len()),
            };
            if frame.opcode == Opcode::Close {
                return match CloseBody::parse(&frame.payload) {
                    CloseBody::Code(code, _) => format!("close {code}"),
                    _ => "close 1005".to_owned(),
                };
            }
        }
    }

    fn next(&mut self) -> Result<Frame> {
        loop {
            if let Some((frame, len)) = Frame::parse(&self.0.came) {
                self.0.came.drain(..len);
                return Ok(frame);
            }
            if self.0.read()? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Each connection is an open file: as many as the system lets us have.
pub fn raise_file_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the struct is ours, and lives until both calls are over.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}

//! A client that does as little as it can: its own processor time is not what is measured.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection: a WebSocket with a session and the namespace `/` on it.
pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    /// Opens all of it.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut client = Self {
            stream,
            input: Vec::new(),
        };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\n\
             Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        client.stream.write_all(request.as_bytes())?;
        let end = loop {
            if let Some(at) = client.input.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            client.read()?;
        };
        client.input.drain(..end);
        client.expect_start("0{")?;
        client.send("40")?;
        client.expect_start("40")?;
        Ok(client)
    }

    /// Sends a text. Its masking key is zero: the bytes stay what they are.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        let len = text.len();
        let mut frame = vec![0x81];
        match len {
            0..126 => frame.push(0x80 | len as u8),
            _ => {
                frame.push(0x80 | 126);
                frame.extend((len as u16).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame)
    }

    /// Waits for this text.
    pub fn expect(&mut self, text: &str) -> io::Result<()> {
        let heard = self.text()?;
        match heard == text.as_bytes() {
            true => Ok(()),
            false => Err(wrong(text, &heard)),
        }
    }

    fn expect_start(&mut self, start: &str) -> io::Result<()> {
        let heard = self.text()?;
        match heard.starts_with(start.as_bytes()) {
            true => Ok(()),
            false => Err(wrong(start, &heard)),
        }
    }

    /// The next text; pings are answered.
    fn text(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let Some((head, len)) = self.frame() else {
                self.read()?;
                continue;
            };
            let rest = self.input.split_off(head + len);
            let frame = std::mem::replace(&mut self.input, rest);
            match &frame[head..] {
                b"2" => self.send("3")?,
                text => return Ok(text.to_vec()),
            }
        }
    }

    /// The lengths of the head and the payload of the first frame, if it is there whole.
    fn frame(&self) -> Option<(usize, usize)> {
        let (head, len) = match *self.input.get(1)? {
            126 => {
                let len = self.input.get(2..4)?;
                (4, usize::from(u16::from_be_bytes([len[0], len[1]])))
            }
            len => (2, usize::from(len)),
        };
        (self.input.len() >= head + len).then_some((head, len))
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            len => {
                self.input.extend(&buffer[..len]);
                Ok(())
            }
        }
    }
}

fn wrong(expected: &str, heard: &[u8]) -> io::Error {
    let heard = String::from_utf8_lossy(heard);
    io::Error::other(format!("expected {expected}, heard {heard}"))
}

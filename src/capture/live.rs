//! Live capture from an interface of this machine.
//!
//! `pnet` lists the interfaces, binds the socket and asks for promiscuous mode. Its channel hands out bare bytes, so
//! the reading is our own ([`socket`]): the kernel's timestamp, which way a frame went, its VLAN tag (which the kernel
//! takes out of the frame), whether its checksums were left to the hardware, and its length before it was cut all come
//! beside the bytes, and a learner is told wrong things without them. The socket is opened for no protocol, and bound
//! to the interface at once with the protocol, so that no frame of another interface gets in.
//!
//! **Loopback.** Each frame on `lo` passes a capture twice, going out and coming in. The copy that came in is kept
//! ([`Direction::Inbound`]), as other capture programs do; the one going out is not asked for. Who speaks to whom on `lo` is
//! told by addresses and ports alone.
//!
//! **Privileges.** Only [`Live::open`] needs them (`CAP_NET_RAW`). Give them up right after it:
//! [`privileges::drop_all`](super::privileges::drop_all).

mod error;
mod frame;
mod interfaces;
mod socket;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::packet::{Direction, Interface, Packet};
use crate::base::LinkType;
pub use error::LiveError;
pub use interfaces::{InterfaceInfo, interfaces};
use socket::Socket;

/// The longest frame that is taken whole; the kernel hands over up to 64 KiB that the hardware is to cut or has joined,
/// and some more where it is told to.
const MAX_FRAME: u32 = 1 << 18;

/// How to capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Take frames to other hosts too, where the network brings them.
    pub promiscuous: bool,
    /// Bytes kept of each frame; 0: all.
    pub snap_len: u32,
    /// Bytes of frames that the kernel keeps while we are busy; it gives less where it may not give so many.
    pub kernel_buffer: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            promiscuous: false,
            snap_len: 0,
            kernel_buffer: 32 << 20,
        }
    }
}

/// What was seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that came to the capture, dropped ones included.
    pub received: u64,
    /// Frames that the kernel dropped because its buffer was full.
    pub dropped: u64,
}

/// A running capture of one interface.
///
/// Take packets with [`next`](Self::next), which waits; with [`try_next`](Self::try_next), which does not; or make it
/// an [`AsyncLive`]. Nothing is kept beside the one packet at hand: what is not taken waits in the kernel's buffer,
/// and what has no room there is counted in [`counts`](Self::counts).
#[derive(Debug)]
pub struct Live {
    socket: Socket,
    info: InterfaceInfo,
    interface: Interface,
    /// The header that the kernel took off is put together again as a cooked one.
    cooked: bool,
    buffer: Vec<u8>,
    counts: Counts,
    /// Frames that were dropped before the packet that was last taken; it wraps.
    drops: u32,
    /// The interface is gone: what is still in the kernel's buffer is the end.
    ended: bool,
}

impl Live {
    /// Starts to capture on the interface of this name.
    pub fn open(name: &str, options: &Options) -> Result<Self, LiveError> {
        let info = interfaces::find(name)?;
        let cooked = info.link_type == LinkType::LINUX_SLL;
        let socket = Socket::open(cooked, options.kernel_buffer).map_err(LiveError::opening)?;
        if !info.up {
            return Err(LiveError::Down(name.to_owned()));
        }
        if info.loopback {
            socket.ignore_outgoing();
        }
        socket
            .bind(name, options.promiscuous)
            .map_err(LiveError::opening)?;
        let snap_len = match options.snap_len {
            0 => MAX_FRAME,
            len => len.min(MAX_FRAME),
        };
        let interface = Interface {
            name: Some(name.to_owned()),
            link_type: info.link_type,
            snap_len,
            fcs_len: None,
            comments: Vec::new(),
        };
        Ok(Self {
            socket,
            info,
            interface,
            cooked,
            buffer: vec![0; snap_len as usize],
            counts: Counts::default(),
            drops: 0,
            ended: false,
        })
    }

    /// The interface as a capture describes it; packets name it by the number 0.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// The interface as the system describes it.
    pub fn info(&self) -> &InterfaceInfo {
        &self.info
    }

    /// What was received and dropped so far.
    pub fn counts(&mut self) -> Counts {
        // A failure leaves the last numbers: there is nothing better to tell.
        if let Ok((received, dropped)) = self.socket.statistics() {
            self.counts.received += u64::from(received);
            self.counts.dropped += u64::from(dropped);
        }
        self.counts
    }

    /// The next packet, waiting for it as long as `timeout` (forever if none); none if it did not come.
    ///
    /// An error is the end of the capture: the interface went down or away, or reading failed.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Option<Packet>, LiveError> {
        let deadline = timeout.and_then(|timeout| now().checked_add(timeout));
        loop {
            if let Some(packet) = self.try_next()? {
                return Ok(Some(packet));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now()));
            if !self.socket.wait(left).map_err(LiveError::Read)?
                && left.is_some_and(|left| left.is_zero())
            {
                return Ok(None);
            }
        }
    }

    /// The next packet if one is there; it does not wait. An error is the end, as in [`next`](Self::next).
    pub fn try_next(&mut self) -> Result<Option<Packet>, LiveError> {
        loop {
            match self.socket.receive(&mut self.buffer) {
                Ok(frame) => {
                    let mut packet = frame.packet(&self.buffer, self.cooked);
                    if self.info.loopback && packet.direction == Some(Direction::Outbound) {
                        continue;
                    }
                    packet.dropped = frame.drops.wrapping_sub(self.drops).into();
                    self.drops = frame.drops;
                    return Ok(Some(packet));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::NetworkDown => self.ended = true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return if self.ended {
                        Err(self.end())
                    } else {
                        Ok(None)
                    };
                }
                Err(error) => return Err(LiveError::Read(error)),
            }
        }
    }

    /// How the capture ended by the interface's doing.
    fn end(&self) -> LiveError {
        let name = self.info.name.clone();
        let there = interfaces::find(&name).is_ok_and(|now| now.index == self.info.index);
        if there {
            LiveError::WentDown(name)
        } else {
            LiveError::Vanished(name)
        }
    }
}

impl AsRawFd for Live {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A running capture for use in a tokio runtime (with I/O enabled).
#[derive(Debug)]
pub struct AsyncLive(AsyncFd<Live>);

impl AsyncLive {
    /// Registers the capture with the runtime that this is called in.
    pub fn new(live: Live) -> io::Result<Self> {
        let interest = Interest::READABLE | Interest::ERROR;
        // SAFETY: the descriptor is the one that `live` owns from its opening until it is dropped, never another.
        let registered = unsafe { AsyncFd::register_with_interest(live, interest) };
        registered.map(Self).map_err(io::Error::from)
    }

    /// The next packet, or the end of the capture, as in [`Live::next`]. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Result<Packet, LiveError> {
        loop {
            let interest = Interest::READABLE | Interest::ERROR;
            let mut ready = self.0.ready_mut(interest).await.map_err(LiveError::Read)?;
            match ready.get_inner_mut().try_next()? {
                Some(packet) => return Ok(packet),
                None => ready.clear_ready(),
            }
        }
    }

    /// The next packet if one is there, as in [`Live::try_next`].
    pub fn try_next(&mut self) -> Result<Option<Packet>, LiveError> {
        self.0.get_mut().try_next()
    }

    /// The capture.
    pub fn live(&self) -> &Live {
        self.0.get_ref()
    }

    /// What was received and dropped so far.
    pub fn counts(&mut self) -> Counts {
        self.0.get_mut().counts()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a time-out on a real socket runs on the real clock"
)]
fn now() -> Instant {
    Instant::now()
}

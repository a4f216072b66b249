//! The packet socket (Linux `packet(7)`): all the unsafe calls of a live capture.

use std::io;
use std::mem::{self, size_of};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_void, socklen_t};
use pnet::datalink;

use super::frame::{Aux, Frame};
use crate::base::Time;

/// `PACKET_IGNORE_OUTGOING` of Linux 4.20 and later.
const PACKET_IGNORE_OUTGOING: c_int = 23;

/// A packet socket that does not block.
#[derive(Debug)]
pub(super) struct Socket(OwnedFd);

impl Socket {
    /// A socket that receives nothing yet; `cooked`: frames without their link-layer header.
    pub(super) fn open(cooked: bool, kernel_buffer: u32) -> io::Result<Self> {
        let kind = if cooked {
            libc::SOCK_DGRAM
        } else {
            libc::SOCK_RAW
        };
        let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointers; the descriptor is checked before it is owned.
        let socket = unsafe {
            // Protocol 0: no frame comes before the socket is bound.
            match libc::socket(libc::AF_PACKET, kind | flags, 0) {
                -1 => return Err(io::Error::last_os_error()),
                fd => Self(OwnedFd::from_raw_fd(fd)),
            }
        };
        socket.set(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        socket.set(libc::SOL_PACKET, libc::PACKET_AUXDATA, 1)?;
        socket.set(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
        let size = c_int::try_from(kernel_buffer).unwrap_or(c_int::MAX);
        // More than the system's limit takes CAP_NET_ADMIN; without it, as much as the limit allows.
        socket
            .set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, size)
            .or_else(|_| socket.set(libc::SOL_SOCKET, libc::SO_RCVBUF, size))?;
        Ok(socket)
    }

    /// Leaves out what goes out, where the kernel can; elsewhere the direction of each frame tells.
    pub(super) fn ignore_outgoing(&self) {
        let _ = self.set(libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    }

    /// Starts to receive every protocol's frames of the interface of this name.
    pub(super) fn bind(&self, name: &str, promiscuous: bool) -> io::Result<()> {
        let listed = datalink::interfaces().into_iter();
        let interface = listed.into_iter().find(|interface| interface.name == name);
        let interface = interface.ok_or_else(|| io::Error::from_raw_os_error(libc::ENODEV))?;
        // The channel closes what it is given; binding and membership stay with the socket.
        let config = datalink::Config {
            socket_fd: Some(self.0.try_clone()?.into_raw_fd()),
            promiscuous,
            ..datalink::Config::default()
        };
        datalink::channel(&interface, config).map(drop)
    }

    fn set(&self, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
        // SAFETY: the value is an int that lives through the call, and its size is told.
        check(unsafe {
            libc::setsockopt(
                self.as_raw_fd(),
                level,
                name,
                ptr::from_ref(&value).cast(),
                size_of::<c_int>() as socklen_t,
            )
        })
    }

    /// Frames received and dropped since this was last asked.
    pub(super) fn statistics(&self) -> io::Result<(u32, u32)> {
        // `struct tpacket_stats`: tp_packets, tp_drops.
        let mut counts = [0u32; 2];
        let mut len = size_of_val(&counts) as socklen_t;
        // SAFETY: the kernel writes at most `len` bytes to the array, which has that many.
        check(unsafe {
            libc::getsockopt(
                self.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                counts.as_mut_ptr().cast(),
                &mut len,
            )
        })?;
        Ok((counts[0], counts[1]))
    }

    /// Waits until there is something to receive (a frame or an error), as long as `timeout`; whether there is. A
    /// signal ends the waiting early.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let mut poll = libc::pollfd {
            fd: self.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // Rounded up: a time-out below a millisecond is not a busy loop.
        let millis = timeout.map_or(-1, |timeout| {
            c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
        });
        // SAFETY: one `pollfd`, which lives through the call.
        match check(unsafe { libc::poll(&mut poll, 1, millis) }) {
            Ok(()) => Ok(poll.revents != 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Receives one frame to the start of `buffer`, and what the kernel says about it.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Frame> {
        // Aligned for control messages, and with room for all three.
        let mut control = [0u64; 16];
        // SAFETY: all zeroes is a valid `sockaddr_ll` and a valid `msghdr`.
        let (mut address, mut message): (libc::sockaddr_ll, libc::msghdr) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        message.msg_name = ptr::from_mut(&mut address).cast();
        message.msg_namelen = size_of::<libc::sockaddr_ll>() as socklen_t;
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        // SAFETY: every pointer of the message is to something that lives through the call, with its length beside it.
        // MSG_TRUNC: the length returned is that of the frame, also where the buffer is shorter.
        let len = unsafe { libc::recvmsg(self.as_raw_fd(), &mut message, libc::MSG_TRUNC) };
        let len = usize::try_from(len).map_err(|_| io::Error::last_os_error())?;
        let told = control_messages(&message);
        Ok(Frame {
            captured: len.min(buffer.len()),
            len,
            time: told.time,
            aux: told.aux,
            drops: told.drops,
            packet_type: address.sll_pkttype,
            hardware_type: address.sll_hatype,
            protocol: u16::from_be(address.sll_protocol),
            address: address.sll_addr,
            address_len: address.sll_halen,
        })
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// What control messages tell of a frame.
#[derive(Default)]
struct Told {
    time: Time,
    aux: Aux,
    drops: u32,
}

/// What the control messages of a message that `recvmsg` has filled in tell.
fn control_messages(message: &libc::msghdr) -> Told {
    let mut told = Told::default();
    // SAFETY: the message's control buffer is the one `recvmsg` filled in, with the length that it set, and the CMSG
    // functions keep to it. Data is read unaligned, and only where the header says that it is long enough.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(found) = header.as_ref() {
            let data = libc::CMSG_DATA(header);
            match (found.cmsg_level, found.cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    if let Some(stamp) = read::<libc::timespec>(found, data) {
                        let nanos = stamp.tv_sec as u64 * 1_000_000_000 + stamp.tv_nsec as u64;
                        told.time = Time(nanos);
                    }
                }
                (libc::SOL_PACKET, libc::PACKET_AUXDATA) => {
                    if let Some(data) = read::<libc::tpacket_auxdata>(found, data) {
                        told.aux = Aux {
                            status: data.tp_status,
                            vlan_tci: data.tp_vlan_tci,
                            vlan_tpid: data.tp_vlan_tpid,
                        };
                    }
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    told.drops = read::<u32>(found, data).unwrap_or(0);
                }
                _ => {}
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    told
}

/// The value in a control message, if it is long enough for one.
///
/// # Safety
///
/// `data` is the data of `header`, readable for as many bytes as the header says, and every pattern of bytes is a
/// valid `T`.
#[allow(
    clippy::unnecessary_cast,
    reason = "the length has another type in other C libraries"
)]
unsafe fn read<T: Copy>(header: &libc::cmsghdr, data: *const u8) -> Option<T> {
    let needed = unsafe { libc::CMSG_LEN(size_of::<T>() as u32) };
    (header.cmsg_len as usize >= needed as usize)
        .then(|| unsafe { data.cast::<c_void>().cast::<T>().read_unaligned() })
}

fn check(result: c_int) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

//! A TAP device: an Ethernet interface of this machine whose other end is this program
//! (Linux, `Documentation/networking/tuntap.rst`).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const CLONE_DEVICE: &str = "/dev/net/tun";

/// A TAP device, opened. It goes away when this is dropped, unless it was there before.
#[derive(Debug)]
pub struct Tap {
    file: File,
    name: String,
    existed: bool,
}

/// Why there is no TAP device.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// No interface can have this name.
    #[error("`{}` is no name of an interface: write 1 to 15 characters without `/`, `%` and spaces", crate::base::text::safe(.0))]
    Name(String),
    /// The device file is missing.
    #[error("{CLONE_DEVICE} is not there; `sudo modprobe tun` brings it")]
    NoTun,
    /// The process may not open the device file.
    #[error(
        "{CLONE_DEVICE} may not be opened by you, so no TAP device can be used. Run it as root, or let everyone open it, \
         which lets nobody make a device:\n  sudo chmod 666 {CLONE_DEVICE}"
    )]
    NotOpened,
    /// The process may not make one, or not open this one.
    #[error(
        "making the TAP device {name} takes the capability CAP_NET_ADMIN. Run it as root, or give it to the program:\n  \
         sudo setcap cap_net_admin+ep $(command -v layerwalk)\n\
         or make a device that you may use:\n  sudo ip tuntap add dev {name} mode tap user $USER"
    )]
    NotPermitted {
        /// The device.
        name: String,
    },
    /// An interface of the name is there, but it is no TAP device.
    #[error("the interface {0} is there and is no TAP device")]
    NotTap(String),
    /// Another program has it.
    #[error("the TAP device {0} is used by another program")]
    Busy(String),
    /// It was there before, and it is not ours to configure.
    #[error("{0} was there before; only a device that is made here is configured here")]
    Existed(String),
    /// Anything else.
    #[error("the TAP device {name}: {source}")]
    Failed {
        /// The device.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Tap {
    /// Makes the device of this name, or opens the one that is there. Reading and writing never wait.
    pub fn open(name: &str) -> Result<Self, TapError> {
        let is_name = |c: char| !c.is_control() && !c.is_whitespace() && !"/%:".contains(c);
        if !(1..libc::IFNAMSIZ).contains(&name.len())
            || !name.chars().all(is_name)
            || name.starts_with('.')
        {
            return Err(TapError::Name(name.to_owned()));
        }
        let existed = Path::new("/sys/class/net").join(name).exists();
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(CLONE_DEVICE);
        let file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => TapError::NotOpened,
            _ => failed(name, source),
        })?;
        let mut request = request(name);
        request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: an open descriptor, and a request that outlives the call.
        let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
        if made == -1 {
            return Err(failed(name, io::Error::last_os_error()));
        }
        Ok(Self {
            file,
            name: name.to_owned(),
            existed,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives this machine's end of the device its MTU and brings it up. That goes away with the device.
    ///
    /// # Errors
    /// If the device was there before, or the system refuses.
    pub fn set_up(&self, mtu: u16) -> Result<(), TapError> {
        if self.existed {
            return Err(TapError::Existed(self.name.clone()));
        }
        let set = || {
            let mut mtu_request = request(&self.name);
            mtu_request.ifr_ifru.ifru_mtu = mtu.into();
            let mut up_request = request(&self.name);
            up_request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
            let socket = any_socket(libc::AF_INET)?;
            configure(&socket, libc::SIOCSIFMTU, &mut mtu_request)?;
            configure(&socket, libc::SIOCSIFFLAGS, &mut up_request)
        };
        set().map_err(|source| failed(&self.name, source))
    }

    /// Gives this machine's end of the device, which [`Tap::set_up`] has brought up, its IPv4 address.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_ipv4(&self, ip: Ipv4Addr, prefix_len: u8) -> Result<(), TapError> {
        let mask = u32::MAX
            .checked_shl(32 - u32::from(prefix_len))
            .unwrap_or(0);
        let set = || {
            let mut ip_request = request(&self.name);
            ip_request.ifr_ifru.ifru_addr = socket_address(ip);
            let mut mask_request = request(&self.name);
            mask_request.ifr_ifru.ifru_netmask = socket_address(Ipv4Addr::from_bits(mask));
            let socket = any_socket(libc::AF_INET)?;
            configure(&socket, libc::SIOCSIFADDR, &mut ip_request)?;
            configure(&socket, libc::SIOCSIFNETMASK, &mut mask_request)
        };
        set().map_err(|source| failed(&self.name, source))
    }

    /// Gives this machine's end of the device, which [`Tap::set_up`] has brought up, an IPv6 address. The machine uses
    /// it when it has seen that nobody else has it (RFC 4862 §5.4), after a second or two.
    ///
    /// # Errors
    /// If the system refuses, or speaks no IPv6.
    pub fn set_ipv6(&self, ip: Ipv6Addr, prefix_len: u8) -> Result<(), TapError> {
        let set = || {
            // On many machines it is off for new interfaces; this one is there for it.
            let switch = format!("/proc/sys/net/ipv6/conf/{}/disable_ipv6", self.name);
            if std::fs::read_to_string(&switch)?.trim() != "0" {
                std::fs::write(&switch, "0")?;
            }
            let socket = any_socket(libc::AF_INET6)?;
            let mut index_request = request(&self.name);
            configure(&socket, libc::SIOCGIFINDEX, &mut index_request)?;
            let mut request = libc::in6_ifreq {
                ifr6_addr: libc::in6_addr {
                    s6_addr: ip.octets(),
                },
                ifr6_prefixlen: prefix_len.into(),
                // SAFETY: that request has just put it there.
                ifr6_ifindex: unsafe { index_request.ifr_ifru.ifru_ifindex },
            };
            configure(&socket, libc::SIOCSIFADDR, &mut request)
        };
        set().map_err(|source| failed(&self.name, source))
    }

    /// The next frame that this machine sends on the device, in `buffer`; `None` if none waits.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<&'b [u8]>> {
        loop {
            match (&self.file).read(buffer) {
                Ok(len) => return Ok(Some(&buffer[..len])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Has this machine receive a frame on the device; `false`: it is down, or has no room, and the frame is lost.
    pub fn send(&self, frame: &[u8]) -> bool {
        (&self.file).write(frame).is_ok()
    }
}

impl AsRawFd for Tap {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

fn failed(name: &str, source: io::Error) -> TapError {
    let name = name.to_owned();
    match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => TapError::NotPermitted { name },
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => TapError::NoTun,
        Some(libc::EINVAL) => TapError::NotTap(name),
        Some(libc::EBUSY) => TapError::Busy(name),
        _ => TapError::Failed { name, source },
    }
}

/// A request about the interface of this name, which was checked to fit.
fn request(name: &str) -> libc::ifreq {
    // SAFETY: a plain struct of numbers, for which zeros are values.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

fn socket_address(ip: Ipv4Addr) -> libc::sockaddr {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(ip.octets()),
        },
        sin_zero: [0; 8],
    };
    // SAFETY: both are plain structs of 16 bytes, and this is what the one is made for (ip(7)).
    unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(address) }
}

/// A socket that interfaces can be configured through (netdevice(7)).
fn any_socket(family: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: three numbers; the result is checked.
    let socket = unsafe { libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that was just made, and that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

/// `request` is of the kind that the request takes: an `ifreq`, or an `in6_ifreq`.
fn configure<T>(socket: &OwnedFd, what: libc::c_ulong, request: &mut T) -> io::Result<()> {
    // SAFETY: an open socket, and a request of the right kind that outlives the call.
    match unsafe { libc::ioctl(socket.as_raw_fd(), what as _, &raw mut *request) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

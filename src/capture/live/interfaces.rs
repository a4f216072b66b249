//! The interfaces of this machine.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use serde::Serialize;

use super::LiveError;
use crate::base::LinkType;

/// Hardware whose frames are bare IP packets, such as a mobile modem.
const ARPHRD_RAWIP: u16 = 519;

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfaceInfo {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its number in the system.
    pub index: u32,
    /// Its hardware address, as `02:00:00:00:00:01`, if it has one.
    pub mac: Option<String>,
    /// Its addresses with their prefix lengths, such as `10.0.0.2/24`.
    pub addresses: Vec<String>,
    /// It is switched on.
    pub up: bool,
    /// It is the loopback interface.
    pub loopback: bool,
    /// The link-layer header that a capture of it has.
    pub link_type: LinkType,
}

/// The interfaces of this machine (of this network namespace), in the system's order.
pub fn interfaces() -> Vec<InterfaceInfo> {
    let listed = pnet::datalink::interfaces();
    listed.iter().map(info).collect()
}

/// The interface of this name, or an error that names those that exist.
pub(super) fn find(name: &str) -> Result<InterfaceInfo, LiveError> {
    let mut all = interfaces();
    if let Some(index) = all.iter().position(|interface| interface.name == name) {
        return Ok(all.swap_remove(index));
    }
    let existing: Vec<String> = all.into_iter().map(|interface| interface.name).collect();
    Err(LiveError::NoSuchInterface {
        name: name.to_owned(),
        nearest: nearest(name, &existing),
        existing,
    })
}

/// The name most like `name`, if any is so much like it that it may be meant.
fn nearest(name: &str, existing: &[String]) -> Option<String> {
    let likeness = |other: &String| strsim::jaro_winkler(&name.to_lowercase(), other);
    let by_likeness = |a: &&String, b: &&String| likeness(a).total_cmp(&likeness(b));
    let best = existing.iter().max_by(by_likeness)?;
    (likeness(best) > 0.7).then(|| best.clone())
}

fn info(interface: &pnet::datalink::NetworkInterface) -> InterfaceInfo {
    let mac = interface.mac.filter(|mac| !mac.is_zero());
    InterfaceInfo {
        name: interface.name.clone(),
        index: interface.index,
        mac: mac.map(|mac| mac.to_string()),
        addresses: interface.ips.iter().map(|ip| ip.to_string()).collect(),
        up: interface.is_up(),
        loopback: interface.is_loopback(),
        link_type: hardware_type(&interface.name).map_or(LinkType::LINUX_SLL, link_type),
    }
}

/// The link type of a capture on hardware of this type (`ARPHRD_…` in Linux's `if_arp.h`). What the frames of other
/// hardware start with is not certain: there the kernel takes the header off, and a cooked one stands in for it.
fn link_type(hardware: u16) -> LinkType {
    match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => LinkType::ETHERNET,
        libc::ARPHRD_NONE | ARPHRD_RAWIP | libc::ARPHRD_TUNNEL | libc::ARPHRD_TUNNEL6 => {
            LinkType::RAW
        }
        _ => LinkType::LINUX_SLL,
    }
}

/// The hardware type that the kernel gives the interface of this name.
fn hardware_type(name: &str) -> io::Result<u16> {
    // SAFETY: no pointers; the descriptor is checked before it is owned.
    let socket = unsafe {
        match libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) {
            -1 => return Err(io::Error::last_os_error()),
            fd => OwnedFd::from_raw_fd(fd),
        }
    };
    // SAFETY: all zeroes is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: the request is an `ifreq` with a name that ends with a zero byte, as SIOCGIFHWADDR takes it.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &mut request) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: SIOCGIFHWADDR filled this member of the union in.
    Ok(unsafe { request.ifr_ifru.ifru_hwaddr.sa_family })
}

#[cfg(test)]
mod tests {
    use super::{find, interfaces, nearest};
    use crate::base::LinkType;

    #[test]
    fn loopback_is_found() {
        let all = interfaces();
        let lo = all.iter().find(|interface| interface.loopback).expect("lo");
        assert_eq!(lo.link_type, LinkType::ETHERNET);
        assert_eq!(lo.mac, None);
        assert_eq!(&find(&lo.name).expect("lo"), lo);
    }

    #[test]
    fn a_name_that_is_not_there_is_met_with_those_that_are() {
        let error = find("no-such-name-0")
            .expect_err("no such interface")
            .to_string();
        assert!(
            error.starts_with("there is no interface `no-such-name-0`"),
            "{error}"
        );
        assert!(error.contains("lo"), "{error}");
    }

    #[test]
    fn the_nearest_name_is_offered_if_it_is_near() {
        let existing = ["lo", "eth0", "wlp3s0"].map(str::to_owned);
        assert_eq!(nearest("etho", &existing).as_deref(), Some("eth0"));
        assert_eq!(nearest("ETH0", &existing).as_deref(), Some("eth0"));
        assert_eq!(nearest("wlan0", &existing).as_deref(), Some("wlp3s0"));
        assert_eq!(nearest("zzz", &existing), None);
    }
}

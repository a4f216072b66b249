//! A router, sans-IO (RFC 1812; over IPv6 RFC 8200 and RFC 4443): packets in at one interface, out at another.
//!
//! Each interface is a [`Host`] of its own: ARP and Neighbor Discovery, answers to echo requests and the sending of ICMP
//! messages are the host's. What an interface finds to be for others it leaves to the router, which looks up the way, lowers the time to
//! live, fragments IPv4 where it must, and hands the packet to the interface that it goes out of.
//!
//! Left out: routing protocols (all routes are given), redirects, multicast, source routes (IP options are passed on
//! untouched, and so are IPv6's hop-by-hop options). Over IPv6 the router sends no advertisements (its hosts are given
//! their gateway), and is not in the group of all routers.

mod fragment;
mod ipv6;
mod limit;
mod routes;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use super::cx::Cx;
use super::host::icmp::no_error_about;
use super::host::link::{decide, discard};
use super::host::{Host, HostConfig, Transit, TransitKind, Transmit, version};
use super::record::What;
use super::tcp::Unreachable;
use crate::base::{FrameId, Time};
use crate::proto::ipv4::Ipv4Header;
use fragment::{fragments, lower_ttl};
use limit::Limit;
pub use routes::Route;
use routes::{Routes, Way};

const FORWARDING: &str = "RFC 1812 §5.2.1";

/// What a router is made from.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// Its interfaces. None has a gateway: where packets go is for the routes to say.
    pub interfaces: Vec<HostConfig>,
    /// The ways to networks that none of its interfaces lies in.
    pub routes: Vec<Route>,
    /// Whether it tells senders by ICMP what became of their packets (RFC 1812 §4.3). Without, what it cannot send on
    /// disappears in silence.
    pub icmp_errors: bool,
}

/// A router with any number of Ethernet interfaces, which are counted from 0.
///
/// After [`Router::handle_frame`] and [`Router::handle_timeout`], call [`Router::poll_transmit`] until it returns
/// nothing, and then [`Router::poll_timeout`].
#[derive(Debug, Clone)]
pub struct Router {
    interfaces: Vec<Host>,
    routes: Routes,
    icmp_errors: bool,
    limit: Limit,
}

impl Router {
    /// A router that knows no neighbour yet.
    ///
    /// # Panics
    /// If the MTU of an interface is below 68, or below 1280 with IPv6.
    pub fn new(config: RouterConfig) -> Self {
        let interfaces: Vec<Host> = config
            .interfaces
            .into_iter()
            .map(Host::interface_of_router)
            .collect();
        let links = interfaces.iter().enumerate();
        let links = links
            .flat_map(|(index, it)| it.networks().map(move |(ip, len)| (index, ip, len)))
            .collect();
        Self {
            interfaces,
            routes: Routes::new(links, config.routes),
            icmp_errors: config.icmp_errors,
            limit: Limit::default(),
        }
    }

    /// A frame arrived whole at an interface; `bytes` are without FCS. `frame` is what the packet's frames will say
    /// that they forward.
    ///
    /// # Panics
    /// If there is no such interface.
    pub fn handle_frame(
        &mut self,
        cx: &mut Cx<'_>,
        interface: usize,
        bytes: &[u8],
        frame: Option<FrameId>,
    ) {
        self.interfaces[interface].handle_frame(cx, bytes);
        self.settle(cx, frame);
    }

    /// The time of [`Router::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        for interface in &mut self.interfaces {
            if interface.poll_timeout().is_some_and(|due| due <= cx.now) {
                interface.handle_timeout(cx);
            }
        }
        self.settle(cx, None);
    }

    /// The next frame to send, and the interface that it goes out of.
    pub fn poll_transmit(&mut self) -> Option<(usize, Transmit)> {
        let mut interfaces = self.interfaces.iter_mut().enumerate();
        interfaces.find_map(|(index, interface)| Some((index, interface.poll_transmit()?)))
    }

    /// When [`Router::handle_timeout`] is to be called, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.interfaces.iter().filter_map(Host::poll_timeout).min()
    }

    /// Does what the interfaces leave to the router, until they leave nothing more.
    fn settle(&mut self, cx: &mut Cx<'_>, frame: Option<FrameId>) {
        let outer = cx.cause;
        while let Some(transit) = self.interfaces.iter_mut().find_map(Host::poll_transit) {
            cx.cause = transit.cause;
            self.take(cx, &transit, frame);
            // No program runs on a router.
            for interface in &mut self.interfaces {
                while interface.poll_event().is_some() {}
            }
        }
        cx.cause = outer;
    }

    fn take(&mut self, cx: &mut Cx<'_>, transit: &Transit, frame: Option<FrameId>) {
        if version(&transit.packet) == 6 {
            return self.take_ipv6(cx, transit, frame);
        }
        let Ok((header, payload)) = Ipv4Header::parse_quoted(&transit.packet) else {
            return;
        };
        let packet = Passing {
            bytes: &transit.packet,
            header,
            payload,
            to_group: matches!(transit.kind, TransitKind::Arrived { to_group: true }),
        };
        match transit.kind {
            TransitKind::Arrived { to_group } => match self.owner(packet.header.destination) {
                Some(own) => self.interfaces[own].deliver(cx, packet.bytes, to_group),
                None => self.forward(cx, &packet, frame),
            },
            TransitKind::Own => self.send_own(cx, &packet),
            TransitKind::Stuck(why) => self.complain(cx, &packet, why),
        }
    }

    /// The interface that has this address.
    fn owner(&self, ip: Ipv4Addr) -> Option<usize> {
        let mut interfaces = self.interfaces.iter();
        interfaces.position(|interface| interface.ipv4() == Some(ip))
    }

    /// Forwards a packet (RFC 1812 §5.2.1), or tells its sender why not.
    fn forward(&mut self, cx: &mut Cx<'_>, packet: &Passing<'_>, frame: Option<FrameId>) {
        if let Some((cite, why)) = self.never_forwarded(packet) {
            return discard(cx, 3, cite, why);
        }
        let header = &packet.header;
        let Some(way) = self.routes.way(header.destination.into()) else {
            let text = format!("no route leads to {}", header.destination);
            discard(cx, 3, "RFC 1812 §5.2.4.3", text);
            return self.complain(cx, packet, Unreachable::Net);
        };
        if header.ttl <= 1 {
            let text = "its time to live is used up: not sent on";
            discard(cx, 3, "RFC 1812 §5.3.1", text);
            return self.complain(cx, packet, Unreachable::TimeExceeded);
        }
        let mtu = self.interfaces[way.interface].mtu();
        let fits = packet.bytes.len() <= usize::from(mtu);
        if !fits && header.dont_fragment {
            if cx.log.is_on() {
                let len = packet.bytes.len();
                let text = format!("{len} bytes, but the next link takes {mtu}, and DF is set");
                discard(cx, 3, "RFC 1812 §5.2.6", text);
            }
            return self.complain(cx, packet, Unreachable::TooBig { mtu });
        }
        if cx.log.is_on() {
            let text = route_text(header.destination.into(), &way, "TTL", header.ttl);
            cx.step(3, None, FORWARDING, What::Routed(text.into()));
        }
        let lowered = lower_ttl(packet.bytes);
        self.send_out(cx, &way, &lowered, frame);
    }

    /// Sends a packet out of an interface, in fragments where it is too big for the link.
    fn send_out(&mut self, cx: &mut Cx<'_>, way: &Way, packet: &[u8], frame: Option<FrameId>) {
        let interface = &mut self.interfaces[way.interface];
        let mtu = interface.mtu();
        if packet.len() <= usize::from(mtu) {
            return interface.send_on(cx, way.hop, packet, frame);
        }
        if cx.log.is_on() {
            let text = format!("larger than the next link's {mtu} bytes: sent on in fragments");
            decide(cx, 3, "RFC 791 §3.2", text);
        }
        for fragment in fragments(packet, mtu) {
            interface.send_on(cx, way.hop, &fragment, frame);
        }
    }

    /// A packet of the router itself: it has passed no router yet.
    fn send_own(&mut self, cx: &mut Cx<'_>, packet: &Passing<'_>) {
        let destination = packet.header.destination;
        match self.routes.way(destination.into()) {
            Some(way) => self.send_out(cx, &way, packet.bytes, None),
            None => {
                let text = format!("no route leads to {destination}");
                discard(cx, 3, "RFC 1812 §5.2.4.3", text);
            }
        }
    }

    /// Why a packet may not be forwarded, whatever the routes say, and no error is sent about it.
    fn never_forwarded(&self, packet: &Passing<'_>) -> Option<(&'static str, &'static str)> {
        let Ipv4Header {
            source,
            destination,
            ..
        } = packet.header;
        let broadcast = |ip| self.routes.is_broadcast(ip);
        if packet.to_group {
            Some(("RFC 1812 §5.3.4", "came in a frame to a group"))
        } else if destination.is_multicast() {
            Some(("RFC 1812 §5.2.1.3", "multicast is not routed here"))
        } else if broadcast(destination) {
            Some((
                "RFC 2644 §2",
                "a broadcast is not sent on to another network",
            ))
        } else if destination.is_loopback() || destination.is_unspecified() {
            Some(("RFC 1812 §5.3.7", "the destination is no host of a network"))
        } else if source.is_loopback()
            || source.is_unspecified()
            || source.is_multicast()
            || broadcast(source)
            || self.owner(source).is_some()
        {
            Some((
                "RFC 1812 §5.3.7",
                "the source is no host of another network",
            ))
        } else {
            None
        }
    }

    /// Tells the sender of a packet why it came no further, by ICMP, if that is allowed and switched on.
    fn complain(&mut self, cx: &mut Cx<'_>, packet: &Passing<'_>, why: Unreachable) {
        if !self.icmp_errors {
            let text = "the sender is not told: ICMP errors are switched off";
            return decide(cx, 3, "RFC 2923 §2.1", text);
        }
        if let Some(text) = no_error_about(&packet.header, packet.payload, packet.to_group) {
            return decide(cx, 3, "RFC 1812 §4.3.2.7", text);
        }
        // What a host needs for path MTU discovery is not held back (as in Linux).
        let is_limited = !matches!(why, Unreachable::TooBig { .. });
        if is_limited && !self.limit.allows(cx.now) {
            return decide(
                cx,
                3,
                "RFC 1812 §4.3.2.8",
                "too many ICMP errors: none sent",
            );
        }
        let to = packet.header.source;
        let Some(way) = self
            .routes
            .way(to.into())
            .filter(|_| self.owner(to).is_none())
        else {
            return decide(cx, 3, "RFC 1812 §4.3.2", "no way back to its sender");
        };
        // It comes from the interface that it goes out of (RFC 1812 §4.3.2.4).
        self.interfaces[way.interface].send_error(cx, packet.bytes, to, why);
    }
}

/// A packet that passes.
struct Passing<'a> {
    bytes: &'a [u8],
    header: Ipv4Header,
    payload: &'a [u8],
    to_group: bool,
}

/// `10.0.3.9 is in 10.0.3.0/24: by way of 10.0.2.2, TTL 64 becomes 63`.
fn route_text(to: IpAddr, way: &Way, limit: &str, left: u8) -> String {
    let hop = way.hop;
    let hop = if hop == to {
        "on the link".to_owned()
    } else {
        format!("by way of {hop}")
    };
    format!(
        "{to} is in {}/{}: {hop}, {limit} {left} becomes {}",
        way.network,
        way.prefix_len,
        left.saturating_sub(1)
    )
}

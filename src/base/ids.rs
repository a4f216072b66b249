//! Small numbers that name things, each a type of its own so that one is never taken for another.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The id of the thing at `index` of the list that holds these things.
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 of anything"))
            }

            /// The place in the list that holds these things.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A node of a simulated world (host, switch), or an address seen in a capture.
    NodeId
}
id! {
    /// A link between two nodes of a simulated world.
    LinkId
}
id! {
    /// A frame of a walk, counted from 0. What people see (`frame.number`) is one more.
    FrameId
}
id! {
    /// A record of the truth that a simulation wrote, counted from 0.
    RecordId
}

/// A link-layer header type as capture files number them
/// (<https://www.tcpdump.org/linktypes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: four bytes of address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet II and IEEE 802.3, without preamble; the frame check sequence is usually absent.
    pub const ETHERNET: Self = Self(1);
    /// Raw IP, version 4 or 6 by the first nibble (as some systems number it).
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP, version 4 or 6 by the first nibble.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: four bytes of address family, big-endian.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

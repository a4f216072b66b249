//! A learning switch (IEEE 802.1D §7.8, 802.1Q §8.7): it learns from source addresses and forwards by destination.
//!
//! Left out: ageing of what was learned, spanning tree (a loop of switches is a storm, ended by the limits of the
//! run), VLANs.

use std::collections::BTreeMap;

use crate::base::LinkId;

/// What a switch remembers: behind which link each MAC address is.
#[derive(Debug, Clone)]
pub struct Switch {
    links: Vec<LinkId>,
    table: BTreeMap<[u8; 6], LinkId>,
}

/// What a switch does with a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarding {
    /// The source address, if that was not known to be behind that link.
    pub learned: Option<[u8; 6]>,
    /// The links that the frame goes out on; none if its destination is on the link it came from.
    pub to: Vec<LinkId>,
    /// Whether it goes to all others because its destination is not known, or is a group.
    pub flooded: bool,
}

impl Switch {
    /// A switch that knows nothing, on these links.
    pub fn new(links: Vec<LinkId>) -> Self {
        Self {
            links,
            table: BTreeMap::new(),
        }
    }

    /// Takes a frame that came in whole on `ingress`. `None`: too short to have addresses.
    pub fn handle_frame(&mut self, ingress: LinkId, frame: &[u8]) -> Option<Forwarding> {
        let (&destination, rest) = frame.split_first_chunk::<6>()?;
        let &source = rest.first_chunk::<6>()?;
        let learned = self.learn(source, ingress).then_some(source);
        let known = self
            .table
            .get(&destination)
            .filter(|_| !is_group(destination));
        let (to, flooded) = match known {
            Some(&link) if link == ingress => (Vec::new(), false),
            Some(&link) => (vec![link], false),
            None => (self.others(ingress), true),
        };
        Some(Forwarding {
            learned,
            to,
            flooded,
        })
    }

    /// Remembers where `source` is; a group address is nobody's. Whether that is news.
    fn learn(&mut self, source: [u8; 6], ingress: LinkId) -> bool {
        !is_group(source) && self.table.insert(source, ingress) != Some(ingress)
    }

    fn others(&self, ingress: LinkId) -> Vec<LinkId> {
        self.links
            .iter()
            .copied()
            .filter(|&link| link != ingress)
            .collect()
    }
}

/// Whether an address is a group's: the I/G bit, the first on the wire (IEEE 802 §8.2.2). Broadcast is one.
fn is_group(address: [u8; 6]) -> bool {
    address[0] & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u8 = 0x0a;
    const B: u8 = 0x0c;
    const GROUP: u8 = 0x01;

    #[test]
    fn learns_floods_forwards_and_never_sends_back() {
        let mut switch = Switch::new(vec![LinkId(0), LinkId(1), LinkId(2)]);
        // destination, source, ingress > learned, to, flooded
        let cases = [
            (0xff, A, 0, true, vec![1, 2], true),
            (A, B, 1, true, vec![0], false),
            (B, A, 0, false, vec![1], false),
            (A, A, 0, false, vec![], false),
            (GROUP, B, 1, false, vec![0, 2], true),
            (B, A, 2, true, vec![1], false),
            (0x0e, GROUP, 0, false, vec![1, 2], true),
        ];
        for (destination, source, ingress, learned, to, flooded) in cases {
            let frame: Vec<u8> = [[destination; 6], [source; 6]].concat();
            let forwarding = switch.handle_frame(LinkId(ingress), &frame).unwrap();
            let expected = Forwarding {
                learned: learned.then_some([source; 6]),
                to: to.into_iter().map(LinkId).collect(),
                flooded,
            };
            assert_eq!(
                forwarding, expected,
                "{source:02x} > {destination:02x} on {ingress}"
            );
        }
        assert_eq!(switch.handle_frame(LinkId(0), &[0; 11]), None);
    }
}

//! The links of a random scenario, and what goes wrong on them.

use std::fmt::Write as _;

use super::Draw;
use super::hosts::Host;

/// Links, what stands between them, and faults.
pub(super) struct Network {
    between: Between,
    links: Vec<Link>,
    faults: Vec<Fault>,
}

/// What connects the hosts.
enum Between {
    Cable,
    Switch,
    Router(Router),
}

/// A router, and a network to itself for each host.
struct Router {
    interfaces: Vec<Interface>,
    icmp_errors: bool,
}

struct Interface {
    to: &'static str,
    /// The key of its address, with its value.
    address: String,
    mtu: u64,
}

struct Link {
    ends: [&'static str; 2],
    delay: u64,
    rate: &'static str,
    queue: u64,
    mark: Option<u64>,
}

struct Fault {
    /// The keys of its table, each a line.
    keys: Vec<String>,
    words: String,
}

/// A link between two hosts, or from each host to a switch or a router.
pub(super) fn draw(draw: &mut Draw, hosts: &[Host]) -> Network {
    let between = match draw.number(0, 99) {
        0..15 => Between::Router(router(draw, hosts)),
        15..32 => Between::Switch,
        _ if hosts.len() > 2 => Between::Switch,
        _ => Between::Cable,
    };
    let mut to = |middle| {
        let link = |host: &Host| link(draw, [host.name, middle], host.mtu);
        hosts.iter().map(link).collect()
    };
    let links = match between {
        Between::Switch => to("switch"),
        Between::Router(_) => to("router"),
        Between::Cable => {
            let mtu = hosts[0].mtu.max(hosts[1].mtu);
            vec![link(draw, [hosts[0].name, hosts[1].name], mtu)]
        }
    };
    Network {
        between,
        links,
        faults: faults(draw, hosts),
    }
}

/// A router that sends to some hosts smaller packets than they would take.
fn router(draw: &mut Draw, hosts: &[Host]) -> Router {
    let mut interface = |host: &Host| Interface {
        to: host.name,
        address: host.address_of_router(),
        mtu: if draw.percent(50) {
            draw.size(if host.ipv6 { 1280 } else { 68 }, host.mtu)
        } else {
            host.mtu
        },
    };
    Router {
        interfaces: hosts.iter().map(&mut interface).collect(),
        icmp_errors: !draw.percent(10),
    }
}

fn link(draw: &mut Draw, ends: [&'static str; 2], mtu: u64) -> Link {
    let rates: &[_] = if mtu > 1500 {
        &["1 Mbit/s", "10 Mbit/s", "100 Mbit/s", "1 Gbit/s"]
    } else {
        &[
            "200 kbit/s",
            "1 Mbit/s",
            "10 Mbit/s",
            "100 Mbit/s",
            "1 Gbit/s",
        ]
    };
    Link {
        ends,
        delay: if draw.percent(20) {
            0
        } else {
            draw.size(1, 300)
        },
        rate: draw.pick(rates),
        queue: if draw.percent(40) {
            draw.size(1, 30)
        } else {
            1000
        },
        mark: draw.percent(15).then(|| draw.number(0, 3)),
    }
}

fn faults(draw: &mut Draw, hosts: &[Host]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if draw.percent(20) {
        return faults;
    }
    if draw.percent(70) {
        let chance = draw.size(1, 30);
        let keys = vec!["do = \"drop\"".to_owned()];
        faults.push(by_chance(draw, hosts, chance, keys, "are lost"));
    }
    if draw.percent(35) {
        let (chance, by) = (draw.size(1, 40), draw.size(1, 2000));
        let keys = vec!["do = \"delay\"".to_owned(), format!("by = \"{by} ms\"")];
        faults.push(by_chance(
            draw,
            hosts,
            chance,
            keys,
            &format!("come {by} ms later"),
        ));
    }
    if draw.percent(30) {
        let chance = draw.size(1, 30);
        let keys = vec!["do = \"duplicate\"".to_owned()];
        faults.push(by_chance(draw, hosts, chance, keys, "come twice"));
    }
    if draw.percent(25) {
        let chance = draw.size(1, 15);
        let keys = vec!["do = \"corrupt\"".to_owned()];
        faults.push(by_chance(
            draw,
            hosts,
            chance,
            keys,
            "have a bit flipped on the wire",
        ));
    }
    if draw.percent(20) {
        let chance = draw.size(1, 10);
        // ARP has no checksum: a bit flipped there would teach a wrong address.
        let when = if hosts[0].ipv6 {
            "when = 'ipv6'"
        } else {
            "when = 'ip'"
        };
        let keys = ["do = \"corrupt\"", "place = \"memory\"", when];
        let keys = keys.map(str::to_owned).to_vec();
        faults.push(by_chance(
            draw,
            hosts,
            chance,
            keys,
            "have a bit flipped in a memory",
        ));
    }
    if draw.percent(15) {
        let flag = draw.pick(&["syn", "fin", "reset"]);
        let (nth, count) = (draw.number(1, 3), draw.number(1, 4));
        let keys = vec![
            "do = \"drop\"".to_owned(),
            format!("when = 'tcp.flags.{flag} == 1'"),
            format!("nth = {nth}"),
            format!("count = {count}"),
        ];
        let flag = flag.to_uppercase();
        let words = format!("{count} segments with {flag} are lost, from number {nth} on");
        faults.push(Fault { keys, words });
    }
    if draw.percent(6) {
        let nth = draw.number(1, 60);
        let keys = ["do = \"drop\"", "all = true"].map(str::to_owned).to_vec();
        let words = format!("from frame {nth} on everything is lost");
        faults.push(Fault {
            keys: [keys, vec![format!("nth = {nth}")]].concat(),
            words,
        });
    }
    faults
}

/// A fault that strikes by chance: all frames, or those of one host.
fn by_chance(
    draw: &mut Draw,
    hosts: &[Host],
    chance: u64,
    mut keys: Vec<String>,
    what: &str,
) -> Fault {
    keys.push(format!("chance = \"{chance}%\""));
    let mut of = String::new();
    if draw.percent(25) {
        let host = &hosts[draw.number(0, hosts.len() as u64 - 1) as usize];
        keys.push(format!("from = \"{}\"", host.name));
        of = format!(" of {}", host.name);
    }
    Fault {
        keys,
        words: format!("{chance}% of the frames{of} {what}"),
    }
}

impl Network {
    /// The longest delay of a link, in milliseconds.
    pub fn delay(&self) -> u64 {
        self.links.iter().map(|link| link.delay).max().unwrap_or(0)
    }

    pub fn faults_in_words(&self) -> String {
        if self.faults.is_empty() {
            return "nothing goes wrong".to_owned();
        }
        let words: Vec<&str> = self
            .faults
            .iter()
            .map(|fault| fault.words.as_str())
            .collect();
        words.join(", ")
    }

    /// The most data that it carries in a packet, about.
    pub fn payload(&self) -> u64 {
        const HEADERS: u64 = 52;
        match &self.between {
            Between::Router(router) => {
                let mtus = router.interfaces.iter().map(|interface| interface.mtu);
                mtus.min()
                    .map_or(u64::MAX, |mtu| mtu.saturating_sub(HEADERS).max(1))
            }
            _ => u64::MAX,
        }
    }

    /// Whether each host has a network to itself.
    pub fn is_routed(&self) -> bool {
        matches!(self.between, Between::Router(_))
    }

    /// Which packets a router sends on.
    pub fn in_words(&self) -> Option<String> {
        let Between::Router(Router {
            interfaces,
            icmp_errors,
        }) = &self.between
        else {
            return None;
        };
        let to = interfaces
            .iter()
            .map(|Interface { to, mtu, .. }| format!("{mtu} bytes to {to}"));
        let to = to.collect::<Vec<_>>().join(", ");
        let says = if *icmp_errors {
            ""
        } else {
            " and says nothing"
        };
        Some(format!(
            "A router lies between them. It sends packets of at most {to}; a larger one it throws away{says}."
        ))
    }

    pub fn write(&self, text: &mut String) {
        match &self.between {
            Between::Cable => {}
            Between::Switch => {
                text.push_str("\n[[node]]\nname = \"switch\"\nkind = \"switch\"\n");
            }
            Between::Router(router) => router.write(text),
        }
        for Link {
            ends,
            delay,
            rate,
            queue,
            mark,
        } in &self.links
        {
            let _ = write!(
                text,
                "\n[[link]]\nends = {ends:?}\ndelay = \"{delay} ms\"\nrate = \"{rate}\"\nqueue = {queue}\n"
            );
            if let Some(mark) = mark {
                let _ = writeln!(text, "mark = {mark}");
            }
        }
    }

    pub fn write_faults(&self, text: &mut String) {
        for fault in &self.faults {
            let _ = write!(text, "\n[[fault]]\n{}\n", fault.keys.join("\n"));
        }
    }
}

impl Router {
    fn write(&self, text: &mut String) {
        let Self {
            interfaces,
            icmp_errors,
        } = self;
        let _ = write!(
            text,
            "\n[[node]]\nname = \"router\"\nkind = \"router\"\nicmp_errors = {icmp_errors}\ninterface = [\n"
        );
        for Interface { to, address, mtu } in interfaces {
            let _ = writeln!(text, "  {{ to = \"{to}\", {address}, mtu = {mtu} }},");
        }
        text.push_str("]\n");
    }
}

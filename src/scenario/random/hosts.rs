//! The hosts of a random scenario, with the switches of their TCP.

use std::fmt::Write as _;

use super::Draw;

const NAMES: [&str; 3] = ["anna", "ben", "cleo"];

/// A host.
pub(super) struct Host {
    pub name: &'static str,
    pub mtu: u64,
    pub receive_buffer: u64,
    pub send_buffer: u64,
    /// Whether it speaks IPv6, and no IPv4.
    pub ipv6: bool,
    mss: Option<u64>,
    number: usize,
    /// Further keys of its table, each a line.
    keys: Vec<String>,
}

/// Two hosts, sometimes three.
pub(super) fn draw(draw: &mut Draw) -> Vec<Host> {
    let count = if draw.percent(25) { 3 } else { 2 };
    let ipv6 = draw.percent(20);
    (0..count).map(|number| host(draw, number, ipv6)).collect()
}

fn host(draw: &mut Draw, number: usize, ipv6: bool) -> Host {
    // The least that a link must carry (RFC 791 §3.2, RFC 8200 §5).
    let least = if ipv6 { 1280 } else { 68 };
    let mtu = match draw.number(0, 3) {
        0 => 1500,
        1 => draw.pick(&[68, 576, 1280, 9000]).max(least),
        _ => draw.size(least, 9000),
    };
    let mss = (draw.percent(15)).then(|| draw.size(1, mtu - headers(ipv6)));
    let receive_buffer = match draw.number(0, 3) {
        0 => 65_536,
        1 => draw.size(1, 2000),
        _ => draw.size(1, 300_000),
    };
    let send_buffer = if draw.percent(40) {
        draw.size(1, 20_000)
    } else {
        1 << 20
    };
    Host {
        name: NAMES[number],
        mtu,
        receive_buffer,
        send_buffer,
        ipv6,
        mss,
        number,
        keys: keys(draw),
    }
}

/// What the headers of IP and TCP take.
fn headers(ipv6: bool) -> u64 {
    if ipv6 { 60 } else { 40 }
}

/// What else is other than usual.
fn keys(draw: &mut Draw) -> Vec<String> {
    let mut keys = Vec::new();
    let mut key = |draw: &mut Draw, chance, name: &str, values: &[&str]| {
        if draw.percent(chance) {
            keys.push(format!("{name} = {}", draw.pick(values)));
        }
    };
    key(draw, 25, "window_scaling", &["false"]);
    key(draw, 20, "wind_shift", &["0", "1", "4", "14"]);
    key(draw, 35, "sack", &["false"]);
    key(draw, 35, "timestamps", &["false"]);
    key(
        draw,
        40,
        "delayed_ack",
        &["\"40 ms\"", "\"200 ms\"", "\"500 ms\""],
    );
    key(draw, 30, "nagle", &["false"]);
    key(draw, 25, "minshall", &["true"]);
    key(draw, 10, "sws_avoidance", &["false"]);
    key(
        draw,
        25,
        "isn",
        &["4294967295", "4294967290", "4294966000", "4294930000"],
    );
    key(draw, 20, "black_hole_detection", &["true"]);
    key(draw, 50, "congestion", &["\"cubic\"", "\"none\""]);
    key(draw, 30, "initial_window", &["1", "2", "4", "40"]);
    key(draw, 35, "rack", &["true"]);
    key(draw, 20, "limited_transmit", &["false"]);
    key(draw, 20, "restart_after_idle", &["false"]);
    key(draw, 20, "rto_initial", &["\"300 ms\"", "\"3 s\""]);
    key(draw, 40, "rto_min", &["\"200 ms\"", "\"20 ms\""]);
    key(draw, 20, "rto_max", &["\"10 s\"", "\"120 s\""]);
    key(draw, 20, "r2", &["\"20 s\"", "\"5 min\""]);
    key(draw, 15, "r2_syn", &["\"10 s\""]);
    key(draw, 30, "msl", &["\"30 s\"", "\"1 s\"", "\"10 ms\""]);
    key(draw, 15, "backlog", &["1", "2"]);
    key(draw, 15, "syn_cookies", &["true"]);
    key(draw, 25, "ecn", &["true"]);
    key(
        draw,
        75,
        "keep_alive",
        &["\"2 min\"", "\"20 s\"", "\"1 s\""],
    );
    key(draw, 50, "keep_alive_interval", &["\"5 s\"", "\"1 s\""]);
    key(draw, 30, "keep_alive_probes", &["1", "3"]);
    key(draw, 15, "user_timeout", &["\"30 s\"", "\"3 min\""]);
    key(draw, 30, "fin_wait_2", &["\"60 s\"", "\"2 s\""]);
    // It would take each loss for a black hole, send ever smaller segments, and all of them again at each time-out: right,
    // but more frames than a run may have.
    if keys.iter().any(|key| key == "congestion = \"none\"") {
        keys.retain(|key| !key.starts_with("black_hole_detection"));
    }
    keys
}

impl Host {
    /// The most data that one of its packets carries, about.
    pub fn payload(&self) -> u64 {
        let room = self.mtu - headers(self.ipv6);
        self.mss.unwrap_or(room).min(room).saturating_sub(12).max(1)
    }

    pub fn in_words(&self) -> String {
        let Self {
            name,
            mtu,
            receive_buffer,
            send_buffer,
            ..
        } = self;
        let family = if self.ipv6 { "IPv6" } else { "IPv4" };
        format!(
            "{name} sends {family} packets of at most {mtu} bytes; its receive buffer holds {receive_buffer} bytes, its send \
             buffer {send_buffer}."
        )
    }

    /// Where a router connects it, it has a network to itself: the key of the router's address in it, with its value.
    pub fn address_of_router(&self) -> String {
        let network = self.number + 1;
        match self.ipv6 {
            true => format!("ip6 = \"2001:db8:{network}::254/64\""),
            false => format!("ip = \"10.0.{network}.254/24\""),
        }
    }

    /// Its table.
    pub fn write(&self, text: &mut String, routed: bool) {
        let Self {
            name,
            mtu,
            receive_buffer,
            send_buffer,
            number,
            ..
        } = self;
        let network = number + 1;
        let ip = if routed && self.ipv6 {
            let ip = format!("2001:db8:{network}::");
            format!("ip6 = \"{ip}1/64\"\ngateway6 = \"{ip}254\"")
        } else if routed {
            let ip = format!("10.0.{network}.");
            format!("ip = \"{ip}1/24\"\ngateway = \"{ip}254\"")
        } else if self.ipv6 {
            format!("ip6 = \"2001:db8::{}/64\"", number + 1)
        } else {
            format!("ip = \"10.0.0.{}/24\"", number + 1)
        };
        let _ = write!(
            text,
            "\n[[node]]\nname = \"{name}\"\n{ip}\nmtu = {mtu}\nreceive_buffer = {receive_buffer}\n\
             send_buffer = {send_buffer}\n"
        );
        if let Some(mss) = self.mss {
            let _ = writeln!(text, "mss = {mss}");
        }
        for key in &self.keys {
            let _ = writeln!(text, "{key}");
        }
    }
}

//! Neighbor Discovery and echoes over IPv6, both ways.

use std::net::IpAddr;

use layerwalk::stack::host::HostEventKind;

use super::pattern;
use super::tap::{Family, Live, parsed};

/// Linux asks for our address and checks that each byte comes back; of 4008 bytes both make fragments.
#[test]
#[ignore = "needs root, ip, ping"]
fn linux_finds_us_and_its_echo_requests_are_answered() {
    let mut live = Live::new(Family::V6);
    for size in ["0", "56", "4000"] {
        let ping = [
            "-6",
            "-c",
            "2",
            "-i",
            "0.2",
            "-W",
            "5",
            "-s",
            size,
            Family::V6.ours(),
        ];
        let code = live.run("ping", &ping, |_, _| {});
        assert_eq!(code, 0, "{}", live.story());
    }
    let neighbors = live.ip(&["-6", "neigh", "show", "dev", "tap0"]);
    let ours = "2001:db8:7::2 lladdr 02:00:00:00:00:02";
    assert!(neighbors.contains(ours), "{neighbors}");
    assert!(live.decided("the address is this host's: answered"));
}

/// By the link-local address, which our host makes from its MAC address as Linux would.
#[test]
#[ignore = "needs root, ip, ping"]
fn linux_reaches_our_link_local_address() {
    let mut live = Live::new(Family::V6);
    let ping = ["-6", "-c", "1", "-W", "5", "fe80::ff:fe00:2%tap0"];
    let code = live.run("ping", &ping, |_, _| {});
    assert_eq!(code, 0, "{}", live.story());
}

#[test]
#[ignore = "needs root, ip, sleep"]
fn we_find_linux_and_our_echo_requests_are_answered() {
    let mut live = Live::new(Family::V6);
    let linux = parsed(Family::V6.linux());
    for (sequence, size) in [(1, 0), (2, 56), (3, 4000)] {
        let data = pattern(size);
        let asked = live.call(|host, cx| host.ping(cx, linux, 77, sequence, &data));
        asked.expect("a way to it");
        let is_reply = |event: &HostEventKind| {
            let HostEventKind::EchoReply {
                from,
                sequence: of,
                len,
                ..
            } = *event
            else {
                return false;
            };
            (from, of, len) == (linux, sequence, size)
        };
        live.wait_for(is_reply);
    }
    let IpAddr::V6(linux) = linux else {
        unreachable!()
    };
    assert!(live.learned(linux), "{}", live.story());
}

/// Linux looks whether anybody has an address before it takes it; we have this one.
#[test]
#[ignore = "needs root, ip"]
fn linux_does_not_take_our_address() {
    let mut live = Live::new(Family::V6);
    let ours = format!("{}/64", Family::V6.ours());
    live.ip(&["addr", "add", &ours, "dev", "tap0"]);
    for _ in 0..100 {
        if !live.addresses("dadfailed").is_empty() {
            break;
        }
        live.linger();
    }
    let failed = live.addresses("dadfailed");
    assert!(failed.contains(&ours), "{failed}\n{}", live.story());
}

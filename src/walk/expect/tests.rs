//! Every built-in scenario comes out as expected, and each of its expectations fails where the behaviour is wrong.

use super::*;
use crate::proto::tree::Severity;
use crate::scenario::{self, Scenario};
use crate::sim;

fn run(scenario: &Scenario, seed: Option<u64>) -> Walk {
    let spec = scenario.spec(seed);
    Walk::from_outcome(&scenario.title, spec.seed, sim::run(&spec))
}

fn findings(scenario: &Scenario, seed: Option<u64>) -> Vec<Finding> {
    check(&run(scenario, seed), &scenario.expects)
}

#[test]
fn every_builtin_comes_out_as_expected() {
    for scenario in scenario::catalogue() {
        assert!(
            !scenario.expects.is_empty(),
            "{} expects nothing",
            scenario.name
        );
        for finding in findings(scenario, None) {
            assert!(finding.ok, "{}: {finding:?}", scenario.name);
        }
    }
}

#[test]
fn what_is_expected_does_not_depend_on_the_seed() {
    for scenario in scenario::catalogue() {
        for seed in [0, 1, u64::MAX] {
            for finding in findings(scenario, Some(seed)) {
                assert!(
                    finding.ok,
                    "{} with seed {seed}: {finding:?}",
                    scenario.name
                );
            }
        }
    }
}

#[test]
fn every_note_and_question_has_its_frame() {
    for scenario in scenario::catalogue() {
        let walk = run(scenario, None);
        let notes = scenario.notes.iter().map(|note| &note.at);
        for anchor in notes.chain(scenario.asks.iter().map(|ask| &ask.before)) {
            let found = anchored(&walk, anchor);
            assert!(found.is_some(), "{}: no {anchor:?}", scenario.name);
        }
    }
}

/// A change of a scenario's text.
type Change = fn(&str) -> String;

/// Changes that make the world behave otherwise.
const WRONG_WORLDS: &[(&str, Change)] = &[
    ("nothing arrives", |text| {
        faulty(text, "all = true\ndo = \"drop\"")
    }),
    ("the first SYN is lost", |text| {
        faulty(text, "when = 'tcp.flags == 0x002'\ndo = \"drop\"")
    }),
    ("no SYN arrives", |text| {
        faulty(
            text,
            "when = 'tcp.flags == 0x002'\nall = true\ndo = \"drop\"",
        )
    }),
    ("the first FIN is lost", |text| {
        faulty(text, "when = 'tcp.flags.fin == 1'\ndo = \"drop\"")
    }),
    ("no FIN arrives", |text| {
        faulty(
            text,
            "when = 'tcp.flags.fin == 1'\nall = true\ndo = \"drop\"",
        )
    }),
    ("frames come late", |text| {
        faulty(text, "all = true\ndo = \"delay\"\nby = \"2 s\"")
    }),
    ("nothing goes wrong", |text| without("fault", text)),
    ("no program runs", |text| without("app", text)),
    ("the hosts change roles", |text| {
        if !text.contains("name = \"client\"") {
            return text.to_owned();
        }
        let swapped = |line: &str| match line {
            _ if !line.starts_with("on ") => line.replace("\"server:", "\"client:"),
            _ if line.contains("\"server\"") => line.replace("\"server\"", "\"client\""),
            _ => line.replace("\"client\"", "\"server\""),
        };
        text.lines().map(swapped).collect::<Vec<_>>().join("\n")
    }),
    ("the hosts take all networks for one", |text| {
        let routed = text.contains("\"router\"");
        let from = if routed { "/24\"" } else { "no router" };
        text.replace(from, "/16\"")
    }),
    ("every link takes 1500 bytes", |text| {
        text.replace("mtu = 1400", "mtu = 1500")
    }),
    ("no router is silent", |text| {
        text.replace("icmp_errors = false", "icmp_errors = true")
    }),
    ("the routers tell nothing", |text| {
        text.replace(
            "\"router\"\ninterface",
            "\"router\"\nicmp_errors = false\ninterface",
        )
    }),
    ("the right version is asked for", |text| {
        text.replace("version    = 12", "version = 13")
    }),
    ("a wrong version is asked for", |text| {
        match text.contains("version") {
            true => text.to_owned(),
            false => text.replace("path       =", "version = 7\npath ="),
        }
    }),
    ("nobody makes a mistake", |text| {
        without_key("mistake", text)
    }),
    ("pages from everywhere may connect", |text| {
        without_key("origins", text)
    }),
    ("the right path is asked for", |text| {
        text.replace("\"/chatt\"", "\"/chat\"")
    }),
    ("both speak the same subprotocol", |text| {
        text.replace("[\"chat.v2\"]", "[\"chat.v1\"]")
    }),
    ("any subprotocol will do", |text| {
        without_key("needs_subprotocol", text)
    }),
    ("messages go in one frame", |text| {
        text.replace(", fragment = 13, ping_between = \"still there?\"", "")
    }),
    ("nothing is compressed", |text| without_key("deflate", text)),
    ("all is compressed", |text| {
        text.replace("threshold = 100", "threshold = 0")
    }),
    ("each message is compressed by itself", |text| {
        text.replace(
            "threshold = 100",
            "threshold = 100, server_no_context_takeover = true",
        )
    }),
    ("the proxy knows upgrades", |text| {
        text.replace("kind = \"proxy\"", "kind = \"proxy\"\nupgrades = true")
    }),
    ("the client knows no proxy", |text| {
        without_key("proxy ", text)
    }),
    ("all bye codes are others", |text| {
        text.replace("close = 1000", "close = 4000")
            .replace("close = 1001", "close = 4001")
    }),
    ("a server waits for longer", |text| {
        text.replace("wait = \"200 ms\"", "wait = \"900 ms\"")
    }),
    ("the right port is asked for", |text| {
        text.replace(":8080", ":80")
    }),
    ("a closed port is asked for", |text| {
        text.replace("\"server:80\"", "\"server:81\"")
            .replace("\"server:7\"", "\"server:81\"")
    }),
    ("programs close where they would abort", |text| {
        text.replace("end = \"abort\"", "end = \"close\"")
    }),
    ("nobody aborts", |text| {
        text.replace(", { end = \"abort\" }", "")
    }),
    ("there is room for every caller", |text| {
        text.replace("backlog = 3", "backlog = 30")
    }),
    ("one calls from another port", |text| {
        text.replace("local_port = 4000", "local_port = 4001")
    }),
    ("nobody uses timestamps", |text| {
        each_host(text, "timestamps = false")
    }),
    ("windows are not scaled", |text| {
        each_host(text, "window_scaling = false")
    }),
    ("windows are scaled", |text| {
        each_host(text, "window_scaling = true")
    }),
    ("nobody avoids silly windows", |text| {
        each_host(text, "sws_avoidance = false")
    }),
    ("silly windows are avoided", |text| {
        each_host(text, "sws_avoidance = true")
    }),
    ("buffers are large", |text| {
        each_host(text, "receive_buffer = 60000")
    }),
    ("acknowledgments wait for long", |text| {
        each_host(text, "delayed_ack = \"500 ms\"")
    }),
    ("no acknowledgment waits", |text| {
        each_host(text, "delayed_ack = \"0 s\"")
    }),
    ("numbers begin elsewhere", |text| {
        each_host(text, "isn = 77")
    }),
    ("nobody asks whether the other is there", |text| {
        each_host(text, "keep_alive = \"4 h\"")
    }),
    ("other words are sent", |text| {
        text.replace("send = \"", "send = \"x")
    }),
    ("other JSON is sent", |text| {
        text.replace("\"say\":\"hi\"", "\"x\":1")
    }),
    ("no host knows SACK", |text| each_host(text, "sack = false")),
    ("every host knows SACK", |text| {
        each_host(text, "sack = true")
    }),
    ("what is late is later", |text| {
        text.replace("by   = \"8 ms\"", "by = \"30 ms\"")
    }),
    ("losses are found by counting", |text| {
        each_host(text, "rack = false")
    }),
    ("losses are found by time", |text| {
        each_host(text, "rack = true")
    }),
    ("nobody controls congestion", |text| {
        each_host(text, "congestion = \"none\"")
    }),
    ("hosts begin with one segment", |text| {
        each_host(text, "initial_window = 1")
    }),
    ("no host takes part in ECN", |text| {
        each_host(text, "ecn = false")
    }),
    ("every host is Reno", |text| {
        each_host(text, "congestion = \"reno\"")
    }),
    ("the lines are fast", |text| {
        each_table("link", text, "rate = \"1 Gbit/s\"")
    }),
    ("queues have no room", |text| {
        each_table("link", text, "queue = 1")
    }),
    ("queues are endless", |text| {
        each_table("link", text, "queue = 100000")
    }),
    ("the server speaks ten times as often", |text| {
        text.replace("every = \"50 ms\"", "every = \"5 ms\"")
    }),
    ("what is meant for others goes to everyone", |text| {
        text.replace("to = \"others\"", "to = \"everyone\"")
    }),
    ("what is meant for everyone goes to one", |text| {
        // where time alone makes it happen there is no one
        let narrowed = |part: &str| match part.contains("\nevery") {
            true => part.to_owned(),
            false => part.replace("to = \"everyone\"", "to = \"socket\""),
        };
        let parts: Vec<String> = text.split("[[app.handle]]").map(narrowed).collect();
        parts.join("[[app.handle]]")
    }),
    ("rooms are other rooms", |text| {
        text.replace("join = \"$1\"", "join = \"elsewhere\"")
    }),
    ("what is meant for a room goes to everyone", |text| {
        text.replace("rooms = [\"$1\"]", "to = \"everyone\"")
    }),
    ("no acknowledgment is asked for", |text| {
        text.replace(", ack = true", "")
    }),
    ("every event is acknowledged", |text| {
        text.replace("{ log = \"asked", "{ answer = [] }, { log = \"asked")
    }),
    ("other events are emitted", |text| {
        text.replace("emit = \"", "emit = \"x")
    }),
    ("other events are handled", |text| {
        text.replace("event = \"", "event = \"x")
    }),
    ("sessions are on polling alone", |text| {
        text.replace("= \"websocket\"", "= \"polling\"")
    }),
    ("sessions are on WebSocket alone", |text| {
        text.replace("= \"polling\"", "= \"websocket\"")
    }),
    ("the upgrade is finished", |text| {
        text.replace("skip_upgrade_packet = true", "skip_upgrade_packet = false")
    }),
    ("pings are answered", |text| {
        text.replace("answer_pings = false", "answer_pings = true")
    }),
    ("the right protocol of Engine.IO is asked for", |text| {
        text.replace("= 3\n", "= 4\n")
    }),
    ("nothing is kept of those who were cut off", |text| {
        text.replace("recovery = ", "connect_timeout = ")
    }),
    ("the token is right", |text| {
        text.replace("\"1234\"", "\"open sesame\"")
    }),
    ("there is one server alone", |text| {
        text.replace(", \"b:3000\"", "")
    }),
    ("no host loses its power", |text| without("crash", text)),
];

/// The text with this line in each table of this name, in place of the one with the same key.
fn each_table(table: &str, text: &str, line: &str) -> String {
    each_table_where(table, text, line, |_| true)
}

/// The text with this line in each host, in place of the one with the same key.
fn each_host(text: &str, line: &str) -> String {
    let is_host = |node: &str| !node.lines().any(|line| line.starts_with("kind"));
    each_table_where("node", text, line, is_host)
}

fn each_table_where(table: &str, text: &str, line: &str, wanted: fn(&str) -> bool) -> String {
    let (header, key) = (format!("\n[[{table}]]\n"), line.split(' ').next().unwrap());
    let mut parts = text.split(&header);
    let mut changed = parts.next().unwrap().to_owned();
    for part in parts {
        let (own, rest) = part.split_at(part.find("\n[").unwrap_or(part.len()));
        let is_other = |old: &&str| old.split(' ').next() != Some(key);
        let kept: Vec<&str> = own.lines().filter(is_other).collect();
        let own = match wanted(own) {
            true => format!("{line}\n{}", kept.join("\n")),
            false => own.to_owned(),
        };
        changed += &format!("{header}{own}{rest}");
    }
    changed
}

/// The text without the lines that begin with this key.
fn without_key(key: &str, text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with(key));
    lines.collect::<Vec<_>>().join("\n")
}

fn faulty(text: &str, fault: &str) -> String {
    // Before the scenario's own faults, if it has any: the first that fits decides.
    let at = text.find("[[fault]]").unwrap_or(text.len());
    format!("{}\n[[fault]]\n{fault}\n{}", &text[..at], &text[at..])
}

/// The text without all tables of this name.
fn without(table: &str, text: &str) -> String {
    let header = format!("[[{table}");
    let mut inside = false;
    let keep = |line: &&str| {
        if line.starts_with('[') {
            inside = line.starts_with(&header);
        }
        !inside
    };
    text.lines().filter(keep).collect::<Vec<_>>().join("\n")
}

/// An expectation that no wrong world makes fail says nothing. To add one of a new kind, add a world where it fails.
#[test]
fn every_expectation_can_fail() {
    let mut idle = Vec::new();
    for (name, text) in scenario::texts() {
        let worlds = WRONG_WORLDS
            .iter()
            .map(|(what, change)| (what, change(text)));
        let mut failed = vec![false; scenario::builtin(name).unwrap().expects.len()];
        for (what, text) in worlds.filter(|(_, wrong)| wrong != text) {
            let scenario = scenario::read(name, &text).unwrap_or_else(|e| panic!("{what}: {e}"));
            for (failed, finding) in failed.iter_mut().zip(findings(&scenario, None)) {
                *failed |= !finding.ok;
            }
            if failed.iter().all(|failed| *failed) {
                break;
            }
        }
        let expects = scenario::builtin(name).unwrap().parts.expects;
        let never = expects.iter().zip(&failed).filter(|(_, failed)| !**failed);
        idle.extend(never.map(|(expect, _)| format!("{name}:{}", expect.line)));
    }
    assert!(idle.is_empty(), "no wrong world makes these fail: {idle:?}");
}

/// What programs of a changed built-in scenario are told, those at one node alone.
fn told(name: &str, from: &str, to: &str, node: &str) -> Vec<String> {
    let (_, text) = scenario::texts()
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    assert!(text.contains(from), "{from}");
    let changed = text.replace(from, to);
    let scenario = scenario::read(name, &changed).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let outcome = sim::run(&scenario.spec(None));
    let at = outcome.nodes.iter().position(|known| known.name == node);
    let events = outcome.log.records().iter().filter_map(|record| {
        let is_there = record.node.map(|node| node.index()) == at;
        match &record.what {
            crate::stack::record::What::AppEvent(text) if is_there => Some(text.to_string()),
            _ => None,
        }
    });
    events.collect()
}

#[test]
fn what_a_proxy_makes_of_a_websocket() {
    let has = |told: &[String], event: &str| told.iter().any(|text| text.starts_with(event));
    let knowing = "kind = \"proxy\"\nupgrades = true";
    let through = told("websocket-proxy", "kind = \"proxy\"", knowing, "client");
    assert!(has(&through, "text \"hello back\" received"), "{through:?}");
    assert!(has(&through, "closed cleanly: 1000"), "{through:?}");
    let (is, closed) = ("to   = \"server:80\"", "to   = \"server:81\"");
    let plain = told("websocket-proxy", is, closed, "client");
    assert!(
        has(&plain, "refused: HTTP/1.1 502 Bad Gateway"),
        "{plain:?}"
    );
    let tunnel = told("websocket-tunnel", is, closed, "client");
    assert!(
        has(&tunnel, "no tunnel: HTTP/1.1 502 Bad Gateway"),
        "{tunnel:?}"
    );
    let (bye, abort) = ("{ close = 1000, reason = \"bye\" }", "{ end = \"abort\" }");
    let broken = told("websocket-tunnel", bye, abort, "server");
    assert!(has(&broken, "closed not cleanly: 1006"), "{broken:?}");
}

/// The findings of expectations that are appended to the built-in `handshake`.
fn of_handshake(expects: &str) -> Vec<(bool, String, String)> {
    let text =
        without("expect", include_str!("../../../scenarios/handshake.toml")) + "\n" + expects;
    let scenario = scenario::read("test", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let found = findings(&scenario, None).into_iter();
    found
        .map(|finding| (finding.ok, finding.expected, finding.found))
        .collect()
}

#[track_caller]
fn finds(expect: &str, ok: bool, expected: &str, found: &str) {
    let all = of_handshake(&format!("[[expect]]\n{expect}\n"));
    assert_eq!(all, [(ok, expected.to_owned(), found.to_owned())]);
}

#[test]
fn findings_say_what_was_expected_and_what_was_found() {
    finds(
        "frame = 'arp'",
        true,
        "at least 1 frames arp",
        "2 frames: 1, 2",
    );
    finds(
        "frame = 'arp'\ncount = 3",
        false,
        "3 frames arp",
        "2 frames: 1, 2",
    );
    finds(
        "frame = 'arp'\nfrom = \"server\"\nat_most = 1",
        true,
        "at most 1 frames arp from server",
        "frame 2",
    );
    finds(
        "frame = 'arp'\nlost = true",
        false,
        "at least 1 lost frames arp",
        "none",
    );
    finds(
        "frame = 'tcp.len == 5'\nat_least = 1\nat_most = 2",
        true,
        "1 to 2 frames tcp.len == 5",
        "2 frames: 6, 8",
    );
    finds(
        "in_order = ['tcp', 'arp']",
        false,
        "tcp, then arp",
        "frame 3, then no arp",
    );
    finds(
        "state = \"CLOSED\"\nnode = \"client\"",
        true,
        "client ends in CLOSED",
        "CLOSED",
    );
    finds(
        "state = \"ESTABLISHED\"\nnode = \"server\"\nbecause = \"it stays open\"",
        false,
        "it stays open: server ends in ESTABLISHED",
        "CLOSED",
    );
    finds(
        "passes = [\"ESTABLISHED\", \"TIME-WAIT\"]\nnode = \"client\"",
        false,
        "client passes ESTABLISHED > TIME-WAIT",
        "CLOSED > SYN-SENT > ESTABLISHED > FIN-WAIT-1 > FIN-WAIT-2 > TIME-WAIT > CLOSED",
    );
    finds(
        "record = \"arp-learned\"\nnode = \"client\"",
        true,
        "at least 1 arp-learned at client",
        "\"192.168.10.80 02:00:00:00:00:02\"",
    );
    finds(
        "between = ['arp.opcode == 1', 'arp.opcode == 2']\nmax = \"1 ms\"",
        false,
        "at most 1ms from arp.opcode == 1 to arp.opcode == 2",
        "10.00576ms, 2 frames: 1, 2",
    );
    finds(
        "between = ['tcp.flags.reset == 1', 'arp']\nmin = \"0 s\"",
        false,
        "at least 0ns from tcp.flags.reset == 1 to arp",
        "no tcp.flags.reset == 1",
    );
    finds(
        "variable = \"cwnd\"\nnode = \"client\"\nmax = 14600",
        true,
        "the largest cwnd of client is at most 14600 bytes",
        "14480 bytes",
    );
    finds(
        "variable = \"ssthresh\"\nnode = \"server\"\nmin = 1\nvalue = \"last\"",
        false,
        "the last ssthresh of server is at least 1 bytes",
        "none",
    );
}

#[test]
fn no_expert_finding_that_the_scenario_did_not_mean() {
    for scenario in scenario::catalogue() {
        let walk = run(scenario, None);
        let frames = (0..walk.frames()).filter_map(|index| walk.frame(FrameId::from_index(index)));
        let experts: Vec<_> = frames.flat_map(|frame| frame.dissection.experts).collect();
        for expert in experts
            .iter()
            .filter(|expert| expert.severity >= Severity::Warn)
        {
            let meant = scenario
                .experts
                .iter()
                .any(|meant| !meant.wireshark && expert.text.contains(&meant.finding));
            assert!(meant, "{}: {}", scenario.name, expert.text);
        }
        for meant in scenario.experts.iter().filter(|meant| !meant.wireshark) {
            let found = experts
                .iter()
                .any(|expert| expert.text.contains(&meant.finding));
            assert!(
                found,
                "{}: nothing found of {:?}",
                scenario.name, meant.finding
            );
        }
    }
}

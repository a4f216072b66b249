//! The screen on whole walks: the same both ways, at every size, and a terminal that is given back.

use layerwalk::capture::file;
use layerwalk::scenario;
use layerwalk::tui::{App, Options, text};
use layerwalk::walk::Walk;
use layerwalk::walk::step::{Grain, StepId};
use layerwalk::walk::view::Numbers;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

fn builtin_walks() -> Vec<(String, Walk)> {
    let run = |scenario: &scenario::Scenario| {
        let spec = scenario.spec(None);
        let walk = Walk::from_outcome(&scenario.title, spec.seed, layerwalk::sim::run(&spec));
        (scenario.name.clone(), walk)
    };
    scenario::catalogue().iter().map(run).collect()
}

/// Captures of every kind that is handed out with the project; none where the folder is not there.
fn captured_walks(names: &[&str]) -> Vec<(String, Walk)> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here
        .ancestors()
        .map(|up| up.join("shared/captures"))
        .find(|path| path.is_dir());
    let Some(folder) = folder else {
        return Vec::new();
    };
    let open = |name: &&str| {
        let capture = file::read(folder.join(name)).expect("the capture can be read");
        ((*name).to_owned(), Walk::from_capture(name, capture))
    };
    names.iter().map(open).collect()
}

fn screen(app: &mut App<'_>, (width, height): (u16, u16)) -> Buffer {
    app.resize(width, height);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    app.draw(&mut buffer);
    buffer
}

/// Steps from the start to the end and back, and sees the same screen at each step both ways.
fn same_both_ways(name: &str, walk: &Walk, grain: Grain, size: (u16, u16)) {
    let mut app = App::new(walk, Options::default().theme(), Vec::new());
    app.set_grain(grain);
    app.go(walk.first(grain).expect("a walk has a first step"));
    let mut there = vec![(app.at(), screen(&mut app, size))];
    while let Some(next) = walk.next(app.at(), grain) {
        app.go(next);
        there.push((app.at(), screen(&mut app, size)));
    }
    while let Some((at, before)) = there.pop() {
        assert_eq!(app.at(), at, "{name}");
        let now = screen(&mut app, size);
        assert!(
            now == before,
            "{name}, step {at:?} at {size:?}, on the way there:\n{}\nand back:\n{}",
            text(&before),
            text(&now)
        );
        if let Some(back) = walk.back(at, grain) {
            app.go(back);
        }
    }
}

#[test]
fn every_scenario_is_the_same_both_ways() {
    for (name, walk) in builtin_walks() {
        for size in [(80, 24), (120, 40)] {
            same_both_ways(&name, &walk, Grain::Frame, size);
        }
        same_both_ways(&name, &walk, Grain::Layer, (80, 24));
        same_both_ways(&name, &walk, Grain::Message, (120, 40));
    }
}

#[test]
fn captures_are_the_same_both_ways() {
    let names = [
        "generated/sio-websocket.pcap",
        "zeek/http__get.pcap",
        "zeek/arp-who-has.pcap",
    ];
    for (name, walk) in captured_walks(&names) {
        same_both_ways(&name, &walk, Grain::Frame, (80, 24));
    }
}

/// The lanes and the arrow heads are there at each step, and no line is longer than the screen.
#[test]
fn both_lanes_are_always_there() {
    for (name, walk) in builtin_walks() {
        let mut at = walk.first(Grain::Frame);
        while let Some(step) = at {
            let buffer = layerwalk::tui::render(&walk, step, (80, 24), &Options::default());
            let text = text(&buffer);
            let row = text
                .lines()
                .find(|line| line.starts_with('>'))
                .unwrap_or_default();
            let ladder: String = row.chars().take(42).collect();
            let lanes = ladder.matches(['│', '├', '┤']).count();
            assert_eq!(lanes, 2, "{name}, {step:?}:\n{text}");
            if ladder.contains('─') {
                assert!(
                    ladder.contains(['>', '<', 'X']),
                    "{name}, {step:?}:\n{text}"
                );
            }
            at = walk.next(step, Grain::Frame);
        }
    }
}

/// Drawn in every size, in every look: nothing panics, ASCII is ASCII, and without colours there are none.
#[test]
fn any_size_and_any_look() {
    let mut walks = builtin_walks();
    walks.truncate(2);
    walks.extend(captured_walks(&[
        "generated/sio-deflate.pcap",
        "generated/sio-tls13.pcap",
        "generated/icmp-ping-frag.pcap",
        "generated/tcp-loss-sack.pcap",
        "zeek/trunc__ip4-trunc.pcap",
        "zeek/tcp__missing-syn.pcap",
        "zeek/pcapng-multi-interface.pcapng",
        "zeek/vlan-qinqinq.pcap",
    ]));
    let looks = [
        Options {
            ascii: true,
            no_color: true,
            ..Options::default()
        },
        Options {
            true_color: true,
            ..Options::default()
        },
    ];
    for (name, walk) in &walks {
        let steps = u32::try_from(walk.steps().len()).expect("few steps");
        for look in &looks {
            let mut app = App::new(walk, look.theme(), Vec::new());
            app.set_grain(Grain::Layer);
            for (i, width) in (1..=130u16).step_by(13).enumerate() {
                for (j, height) in (1..=45u16).step_by(6).enumerate() {
                    let at = u32::try_from(i * 31 + j * 7).expect("small") % steps.max(1);
                    app.go(StepId(at));
                    let raw = if j % 2 == 0 {
                        Numbers::Raw
                    } else {
                        Numbers::Relative
                    };
                    app.set_numbers(raw);
                    check_look(name, &screen(&mut app, (width, height)), look);
                }
            }
        }
    }
}

fn check_look(name: &str, buffer: &Buffer, look: &Options) {
    if look.ascii {
        assert!(text(buffer).is_ascii(), "{name}:\n{}", text(buffer));
    }
    if look.no_color {
        let plain =
            |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
        assert!(
            buffer.content.iter().all(plain),
            "{name}: a cell has a colour"
        );
    }
}

fn at_layer_grain(name: &str, number: u32, size: (u16, u16)) -> String {
    let walks = builtin_walks();
    let (_, walk) = walks
        .iter()
        .find(|(found, _)| found == name)
        .expect("a built-in walk");
    let mut app = App::new(walk, Options::default().theme(), Vec::new());
    app.set_grain(Grain::Layer);
    app.go(StepId(number - 1));
    text(&screen(&mut app, size))
}

/// Step by step through the layers: the one that the step is at is named, whatever else has no room.
#[test]
fn the_layer_of_the_step_is_always_named() {
    for (step, expected) in [(95, "[TCP 32]"), (96, "[IP 20]"), (97, "[Eth 14]")] {
        let text = at_layer_grain("seven-layers", step, (80, 24));
        assert!(text.contains(expected), "{step}:\n{text}");
    }
    let text = at_layer_grain("seven-layers", 96, (80, 24));
    assert!(text.contains("o L3 IPv4 down"), "{text}");
    let text = at_layer_grain("seven-layers", 96, (120, 40));
    for row in ["2 Ethernet ", ">3 IPv4 ", "4 TCP "] {
        assert!(text.contains(row), "{row}:\n{text}");
    }
}

/// On the way down nothing is shown of what lower layers will add.
#[test]
fn no_layer_shows_what_is_made_below_it() {
    let text = at_layer_grain("seven-layers", 92, (80, 24));
    for future in ["WS 6", "TCP 32", "02 00 00", "7b 3d b9 17"] {
        assert!(!text.contains(future), "{future}:\n{text}");
    }
    assert!(
        text.contains("not made yet") && text.contains("[Text 12]"),
        "{text}"
    );
    let text = at_layer_grain("seven-layers", 98, (80, 24));
    assert!(
        text.contains("enter: the bits") && text.contains("─L1 Text"),
        "{text}"
    );
    let text = at_layer_grain("seven-layers", 95, (80, 24));
    assert!(
        text.contains("[TCP 32]") && text.contains("first 34 not made yet"),
        "{text}"
    );
    let text = at_layer_grain("seven-layers", 102, (80, 24));
    assert!(text.contains("first 34 taken off"), "{text}");
}

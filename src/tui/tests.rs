//! The screen of the drawn step, by hand; real walks are in the suite.

mod drawn;
mod graphs;
mod map;
mod panic;
mod states;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::app::{App, Coming};
use super::theme::{Depth, Ground, Theme};
use super::{keys, text};
use crate::walk::Walk;
use crate::{scenario, sim};

/// The walk of a built-in scenario.
fn walk(name: &str) -> Walk {
    let scenario = scenario::find(name).expect("a built-in scenario");
    let spec = scenario.spec(None);
    Walk::from_outcome(name, spec.seed, sim::run(&spec))
}

fn screen(app: &mut App<'_>, width: u16, height: u16) -> Buffer {
    app.resize(width, height);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    app.draw(&mut buffer);
    buffer
}

fn press(app: &mut App<'_>, keys: &str) {
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '^' => KeyCode::Up,
            'v' => KeyCode::Down,
            c => KeyCode::Char(c),
        };
        app.key(&KeyEvent::new(code, KeyModifiers::NONE));
    }
}

#[test]
fn the_drawn_step_at_80x24() {
    insta::assert_snapshot!(text(&screen(&mut drawn::app(Theme::default()), 80, 24)));
}

#[test]
fn the_drawn_step_at_120x40() {
    insta::assert_snapshot!(text(&screen(&mut drawn::app(Theme::default()), 120, 40)));
}

#[test]
fn the_drawn_step_at_40x12() {
    insta::assert_snapshot!(text(&screen(&mut drawn::app(Theme::default()), 40, 12)));
}

#[test]
fn the_drawn_step_in_ascii() {
    let theme = Theme {
        ascii: true,
        ..Theme::default()
    };
    let text = text(&screen(&mut drawn::app(theme), 120, 40));
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

#[test]
fn the_wire_and_the_way_of_a_field() {
    let mut app = drawn::app(Theme::default());
    press(&mut app, "3^^^^^^\n");
    insta::assert_snapshot!(text(&screen(&mut app, 80, 24)));
}

#[test]
fn help_shows_every_key() {
    let mut app = drawn::app(Theme::default());
    press(&mut app, "?");
    let text = text(&screen(&mut app, 120, 60));
    for binding in keys::TABLE {
        assert!(
            text.contains(binding.what),
            "{} is not in the help:\n{text}",
            binding.name
        );
    }
}

/// Every view of the step at every size: no panic, and the hints are the last to go.
#[test]
fn every_pane_at_every_size() {
    let mut app = drawn::app(Theme::default());
    for keys in [
        "1", "2", "3", "4", "4", "5", "6", "7", "8", "9", "z", "z?", "q:", "\x1b",
    ] {
        press(&mut app, keys);
        for width in (1..=130).step_by(7) {
            for height in (1..=45).step_by(4) {
                let text = text(&screen(&mut app, width, height));
                assert_eq!(text.lines().count(), usize::from(height));
                assert!(
                    width < 3 || text.contains('q') || keys == "q:",
                    "{width}x{height}:\n{text}"
                );
            }
        }
    }
}

#[test]
fn without_colours_no_cell_has_one_and_the_choice_is_still_seen() {
    let theme = Theme {
        depth: Depth::None,
        ..Theme::default()
    };
    let buffer = screen(&mut drawn::app(theme), 80, 24);
    assert!(
        buffer
            .content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    let reversed = ratatui::style::Modifier::REVERSED;
    assert!(
        buffer
            .content
            .iter()
            .any(|cell| cell.modifier.contains(reversed))
    );
}

/// The bytes and the fields are two sides of one choice.
#[test]
fn a_byte_chooses_its_field_and_a_field_its_bytes() {
    let mut app = drawn::app(Theme::default());
    assert!(text(&screen(&mut app, 80, 24)).contains("[9b 04"));
    press(&mut app, "4v");
    assert!(text(&screen(&mut app, 80, 24)).contains("[3f 2a 11 c1]"));
    press(&mut app, ">>>>");
    let text_ = text(&screen(&mut app, 80, 24));
    assert!(text_.contains("[a0]"), "{text_}");
}

/// A digit shows its pane at once; with G behind it, it was the number of a step.
#[test]
fn a_number_before_g_is_a_step() {
    let mut app = drawn::app(Theme::default());
    press(&mut app, "6");
    assert!(text(&screen(&mut app, 80, 24)).contains(">6 Sequence"));
    press(&mut app, "q");
    let mut app = drawn::app(Theme::default());
    press(&mut app, "99G");
    let text = text(&screen(&mut app, 80, 24));
    assert!(
        text.contains(">2 Ladder") && text.contains("there is no step 99"),
        "{text}"
    );
}

/// A mistyped filter is told in full, and Esc takes the words away; it does not leave.
#[test]
fn esc_takes_a_message_away_before_it_leaves() {
    let mut app = drawn::app(Theme::default());
    press(&mut app, "/tcp.prot == 1\n");
    let said = text(&screen(&mut app, 80, 24));
    assert!(said.contains("is no field and no protocol"), "{said}");
    let esc = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
    assert!(app.key(&esc).is_none());
    assert!(text(&screen(&mut app, 80, 24)).contains("q quit"));
    assert!(app.key(&esc).is_some());
}

/// Live: the cursor goes along with what comes until one goes back; then what is new is counted.
#[test]
fn the_cursor_follows_a_live_capture_until_one_goes_back() {
    use crate::base::LinkType;
    use crate::capture::packet::Interface;
    use crate::walk::Walk;

    let interface = Interface {
        name: Some("lo".to_owned()),
        link_type: LinkType::ETHERNET,
        snap_len: 0,
        fcs_len: None,
        comments: Vec::new(),
    };
    let mut app = App::new(Walk::live("lo", interface), Theme::default(), Vec::new());
    app.follow();
    assert!(text(&screen(&mut app, 80, 24)).contains("no frames yet"));
    for i in 1..=3 {
        app.push(Coming::Packet(drawn::packet(i)));
        app.pushed();
        assert!(text(&screen(&mut app, 80, 24)).contains(&format!("step {i}/{i}")));
    }
    press(&mut app, "h");
    app.push(Coming::Packet(drawn::packet(4)));
    app.pushed();
    let back = text(&screen(&mut app, 80, 24));
    assert!(
        back.contains("step 2/4") && back.contains("+1 new (G)"),
        "{back}"
    );
    press(&mut app, "G");
    app.push(Coming::Packet(drawn::packet(5)));
    app.pushed();
    assert!(text(&screen(&mut app, 80, 24)).contains("step 5/5"));
}

/// A world that runs: the same step stays where it is while more comes, and a walk that is full says so.
#[test]
fn the_cursor_stays_at_its_step_while_a_world_goes_on() {
    use crate::sim::World;
    use crate::sim::outcome::{Limit, Piece};
    use crate::walk::Walk;

    let spec = crate::scenario::find("websocket").expect("built in");
    let spec = spec.spec(None);
    let mut world = World::new(&spec);
    let walk = Walk::attached("websocket", "tap0", World::new(&spec).into_outcome());
    let mut app = App::new(walk, Theme::default(), Vec::new());
    app.follow();
    let mut go_on = |app: &mut App<'_>, limit: Option<Limit>| {
        for _ in 0..2 {
            for _ in 0..8 {
                world.step();
            }
            let cut_short = limit;
            app.push(Coming::Piece(Box::new(Piece {
                cut_short,
                ..world.take_piece()
            })));
        }
        app.pushed();
        text(&screen(app, 120, 40))
    };
    let first = text(&screen(&mut app, 120, 40));
    assert!(first.contains("no frames yet"), "{first}");
    let begun = go_on(&mut app, None);
    assert!(
        begun.contains("[LIVE tap0]") && begun.contains("SYN-SENT"),
        "{begun}"
    );
    press(&mut app, "h");
    let at = app.at();
    let back = go_on(&mut app, None);
    assert!(app.at() == at && back.contains("new (G)"), "{back}");
    press(&mut app, "G");
    assert!(go_on(&mut app, None).contains("[LIVE tap0]"));
    assert!(app.at() > at);
    let full = go_on(&mut app, Some(Limit::Records(7)));
    assert!(full.contains("no more than 7 records are kept: what follows is not shown"));
    assert!(full.contains("end: cut short"), "{full}");
    let steps = app.walk().steps().len();
    go_on(&mut app, None);
    assert_eq!(app.walk().steps().len(), steps);
}

/// Captured text can hold anything: what reaches the screen commands no terminal.
#[test]
fn hostile_text_is_written_out() {
    let mut scene = drawn::scene();
    let hostile = "\x1b]0;owned\x07 \u{202e}abc\r\n\u{9b}2J 日本 e\u{301}";
    scene.step.title = hostile.to_owned();
    scene.ladder.rows[1].label = hostile.to_owned();
    scene.ladder.lanes[0].name = hostile.to_owned();
    scene.why.short = hostile.to_owned();
    scene.map.label = hostile.to_owned();
    scene.map.nodes[0].name = hostile.to_owned();
    scene.heading.title = hostile.to_owned();
    let mut app = drawn::app(Theme::default());
    app.show(scene);
    for ascii in [false, true] {
        app.set_theme(Theme {
            ascii,
            ..Theme::default()
        });
        for (width, height) in [(80, 24), (120, 40), (40, 12)] {
            let text = text(&screen(&mut app, width, height));
            let bad = |c: char| c != '\n' && crate::base::text::is_unsafe(c);
            assert!(!text.contains(bad), "{text:?}");
            assert!(text.contains("\\x1b]0;"), "{text}");
            let wide = |line: &str| super::canvas::width(line) > usize::from(width);
            assert!(!text.lines().any(wide), "{text}");
        }
    }
}

/// Of a segment the rows of the drawing: what is computed, or said by another row, waits until it is asked for.
#[test]
fn little_room_shows_what_is_in_the_header() {
    let shown = |text: &str| -> Vec<String> {
        let pane = text.lines().skip(10).take(6);
        let label = |line: &str| line.chars().skip(2).take(18).collect::<String>();
        pane.map(|line| label(line).trim().to_owned()).collect()
    };
    let mut app = drawn::app(Theme::default());
    let expected = [
        "Source port",
        "Destination port",
        "Sequence number",
        "Acknowledgment",
        "Flags",
        "Window",
    ];
    assert_eq!(shown(&text(&screen(&mut app, 80, 24))), expected);
    press(&mut app, "4z");
    let all = text(&screen(&mut app, 80, 24));
    assert!(
        all.contains("Segment length") && all.contains("Synchronize"),
        "{all}"
    );
}

/// Cyan, yellow and green cannot be read on white.
#[test]
fn sixteen_colours_are_dark_on_a_light_ground() {
    let projector = Theme {
        projector: true,
        ..Theme::default()
    };
    let light = Theme {
        ground: Ground::Light,
        ..Theme::default()
    };
    for theme in [projector, light] {
        let buffer = screen(&mut drawn::app(theme), 120, 40);
        let bright = [Color::Cyan, Color::Yellow, Color::Green];
        let cells = buffer.content.iter();
        assert!(cells.clone().all(|cell| !bright.contains(&cell.fg)));
        assert!(cells.clone().any(|cell| cell.fg == Color::Blue));
    }
}

/// What changed and the common mistake take the lines that the text leaves, and none that it needs.
#[test]
fn the_foot_of_the_why_takes_the_free_lines() {
    let mut scene = drawn::scene();
    scene.why.short = "The server agrees to talk.".to_owned();
    scene.why.changed = "server LISTEN > SYN-RECEIVED; ISN, SND.UNA, SND.NXT, RCV.NXT, SND.WND, \
        RCV.WND, and the last"
        .to_owned();
    let mut app = drawn::app(Theme::default());
    app.show(scene);
    let text_ = text(&screen(&mut app, 80, 24));
    assert!(text_.contains("and the last"), "{text_}");
    let text_ = text(&screen(&mut drawn::app(Theme::default()), 40, 12));
    assert!(!text_.contains("changed"), "{text_}");
    press(&mut app, "7z");
    let text_ = text(&screen(&mut app, 80, 24));
    let whole = drawn::scene().why;
    for part in [&whole.full, &whole.rfc] {
        let start: String = part.chars().take(20).collect();
        assert!(text_.contains(&start), "{text_}");
    }
    assert!(!text_.contains("e more"), "{text_}");
}

/// A file without frames says so; only of a live capture there may be some yet.
#[test]
fn a_capture_without_frames_is_no_live_one() {
    let empty = crate::walk::Walk::from_capture("none.pcap", Default::default());
    let mut app = App::new(empty, Theme::default(), Vec::new());
    let text = text(&screen(&mut app, 80, 24));
    assert!(text.contains("no frames in none.pcap"), "{text}");
}

/// Manchester code is that of 10 Mbit/s; of another link none is drawn.
#[test]
fn a_line_code_is_drawn_where_the_link_has_it() {
    for (rate, expected) in [(10_000_000, true), (100_000_000, false)] {
        let mut scene = drawn::scene();
        if let Some(wire) = &mut scene.physical {
            wire.rate = rate;
        }
        scene.step.layer = 1;
        let mut app = drawn::app(Theme::default());
        app.show(scene);
        let before = text(&screen(&mut app, 80, 24));
        assert!(before.contains("enter: the bits"), "{before}");
        press(&mut app, "\n");
        let text = text(&screen(&mut app, 80, 24));
        assert!(
            text.contains("preamble") && text.contains("‾|_") == expected,
            "{text}"
        );
    }
}

#[test]
fn the_catalogue_says_what_the_chosen_walk_shows() {
    let entry = |name: &str| super::CatalogueEntry {
        name: name.to_owned(),
        title: format!("Title of {name}"),
        summary: format!("Summary of {name}."),
    };
    let mut app = drawn::app(Theme::default());
    app.set_catalogue(vec![entry("one"), entry("two")]);
    press(&mut app, "cv");
    let few = text(&screen(&mut app, 80, 24));
    assert!(
        few.contains("Summary of two.") && !few.contains("Summary of one."),
        "{few}"
    );
    app.set_catalogue((0..50).map(|i| entry(&format!("walk{i}"))).collect());
    press(&mut app, "G");
    let many = text(&screen(&mut app, 80, 24));
    assert!(
        many.contains("> walk49") && many.contains("Summary of walk49."),
        "{many}"
    );
}

/// After a pause a digit is no longer a part of a number.
#[test]
fn digits_with_a_pause_between_them_are_no_number() {
    let mut app = drawn::app(Theme::default());
    press(&mut app, "4");
    app.pause();
    press(&mut app, "99G");
    let text = text(&screen(&mut app, 80, 24));
    assert!(text.contains("there is no step 99"), "{text}");
}

/// Where not all rows have room the drawn ones come first, two numbers in one row.
#[test]
fn six_rows_of_the_ends_are_the_drawn_ones() {
    let mut scene = drawn::scene();
    let row = |name, client: &str, server: &str| crate::walk::view::EndsRow {
        name,
        values: [client.to_owned(), server.to_owned()],
        changed: [false, true],
    };
    let ends = scene.ends.as_mut().expect("the drawn step has ends");
    ends.rows = vec![
        row("state", "SYN-SENT", "SYN-RECEIVED"),
        row("ISN", "3f2a11c0", "9b04d7e1"),
        row("SND.UNA", "0", "0"),
        row("SND.NXT", "1", "1"),
        row("RCV.NXT", "-", "1"),
        row("SND.WND", "-", "65535"),
        row("RCV.WND", "64240", "65160"),
        row("MSS", "536", "1448"),
    ];
    let mut app = drawn::app(Theme::default());
    app.show(scene);
    let text = text(&screen(&mut app, 80, 24));
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "SND.UNA/NXT 0/1 *0/1",
        "not acked - *[S]",
        "window 64240 *65160",
    ] {
        assert!(flat.contains(expected), "{expected}:\n{text}");
    }
}

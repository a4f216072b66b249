//! The screen of the drawn step, by hand; real walks are in the suite.

mod drawn;
mod panic;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::app::App;
use super::theme::{Depth, Theme};
use super::{keys, text};

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
        "1", "2", "3", "4", "4", "5", "6", "7", "z", "z?", "q:", "\x1b",
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

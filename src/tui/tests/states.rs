//! The state diagram of a handshake and a close.

use super::{press, screen, walk};
use crate::tui::app::App;
use crate::tui::text;
use crate::tui::theme::Theme;

#[test]
fn an_edge_is_taken_at_80x24() {
    let mut app = App::new(walk("handshake"), Theme::default(), Vec::new());
    app.resize(80, 24);
    press(&mut app, "9lll");
    insta::assert_snapshot!(text(&screen(&mut app, 80, 24)));
}

#[test]
fn the_diagram_in_ascii_at_120x40() {
    let theme = Theme {
        ascii: true,
        ..Theme::default()
    };
    let mut app = App::new(walk("handshake"), theme, Vec::new());
    app.resize(120, 40);
    press(&mut app, "9");
    app.pause();
    press(&mut app, "12G");
    let text = text(&screen(&mut app, 120, 40));
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

/// Where the figure has no room, the words have.
#[test]
fn a_small_screen_has_the_words() {
    let mut app = App::new(walk("handshake"), Theme::default(), Vec::new());
    app.resize(60, 12);
    press(&mut app, "9lll");
    let text = text(&screen(&mut app, 60, 12));
    assert!(
        text.contains("S server: SYN-RECEIVED* now from LISTEN: rcv SYN"),
        "{text}"
    );
}

/// Words give way before the figure does.
#[test]
fn the_figure_stands_at_every_step_at_120x40() {
    let mut app = App::new(walk("handshake-lost-syn"), Theme::default(), Vec::new());
    app.resize(120, 40);
    press(&mut app, "9");
    for step in 1..=10 {
        let text = text(&screen(&mut app, 120, 40));
        assert!(text.contains("[FIN-WAIT-2]"), "step {step}:\n{text}");
        assert!(text.contains("C client: "), "step {step}:\n{text}");
        press(&mut app, "l");
    }
}

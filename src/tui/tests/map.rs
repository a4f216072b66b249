//! The map of more than two hosts.

use super::{press, screen, walk};
use crate::tui::app::App;
use crate::tui::text;
use crate::tui::theme::Theme;

/// The rows of the map beside the ladder at a step of a scenario.
fn map(name: &str, step: u32) -> Vec<String> {
    let mut app = App::new(walk(name), Theme::default(), Vec::new());
    app.resize(80, 24);
    press(&mut app, &format!("{step}G"));
    app.pause();
    press(&mut app, "1");
    let text = text(&screen(&mut app, 80, 24));
    let row = |line: &str| line.chars().skip(43).collect::<String>();
    text.lines().skip(3).take(6).map(row).collect()
}

#[test]
fn who_takes_no_part_in_the_step_hangs_from_the_switch() {
    let rows = map("socketio-chat", 21).join("\n");
    assert_eq!(
        rows.trim_end(),
        concat!(
            " [ada]─────[ switch ]─────[server]\n",
            " 192.168.20.21  │       192.168.20.80\n",
            "    ACK ====>   │\n",
            "         [ben]──┴──[cyd]"
        )
    );
}

#[test]
fn a_frame_with_a_forged_address_comes_from_who_sent_it() {
    let rows = map("blind-reset", 14);
    assert!(
        rows[0].contains("[client]───[ switch ]───[server]"),
        "{rows:?}"
    );
    assert!(rows[2].contains("attacker ==> switch: RST"), "{rows:?}");
    assert!(rows[3].contains("└──[attacker]"), "{rows:?}");
}

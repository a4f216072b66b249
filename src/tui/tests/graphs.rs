//! The graphs of a bulk transfer with losses.

use super::{press, screen};
use crate::tui::app::App;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::walk::Walk;
use crate::{scenario, sim};

fn bulk() -> Walk {
    let toml = include_str!("../../walk/tests/bulk.toml");
    let scenario = scenario::read("bulk", toml).expect("a scenario");
    Walk::from_outcome("bulk", 42, sim::run(&scenario.spec(None)))
}

fn at_80x24(app: &mut App<'_>, keys: &str) -> String {
    screen(app, 80, 24);
    press(app, keys);
    text(&screen(app, 80, 24))
}

#[test]
fn each_graph_at_80x24() {
    let mut app = App::new(bulk(), Theme::default(), Vec::new());
    app.resize(80, 24);
    insta::assert_snapshot!("graph_sequence", at_80x24(&mut app, "290G8"));
    insta::assert_snapshot!("graph_windows", at_80x24(&mut app, "v\n"));
    insta::assert_snapshot!("graph_congestion", at_80x24(&mut app, "v\n"));
    insta::assert_snapshot!("graph_round_trips", at_80x24(&mut app, "v"));
}

#[test]
fn a_graph_in_ascii_around_the_step_at_120x40() {
    let theme = Theme {
        ascii: true,
        ..Theme::default()
    };
    let mut app = App::new(bulk(), theme, Vec::new());
    app.resize(120, 40);
    press(&mut app, "220G8>>");
    let text = text(&screen(&mut app, 120, 40));
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

/// The view in the place of several gives way to each of them, and to none that stays beside it.
#[test]
fn a_wide_pane_gives_way() {
    let mut app = App::new(bulk(), Theme::default(), Vec::new());
    for (size, key, stays) in [
        ((80, 24), "2", false),
        ((80, 24), "7", true),
        ((120, 40), "2", true),
        ((120, 40), "4", false),
    ] {
        app.resize(size.0, size.1);
        press(&mut app, "8");
        app.pause();
        press(&mut app, key);
        app.pause();
        let text = text(&screen(&mut app, size.0, size.1));
        assert_eq!(text.contains("8 Graphs"), stays, "{size:?}, {key}:\n{text}");
    }
}

/// Every graph, near and far, at every size and step: nothing panics, and no line is too long.
#[test]
fn every_graph_at_every_size() {
    let mut app = App::new(bulk(), Theme::default(), Vec::new());
    for keys in [
        "8",
        "v",
        "v",
        "v",
        ">",
        ">>>>>>>>>>>>",
        "\n",
        "d",
        "f",
        "o",
        "z",
    ] {
        press(&mut app, keys);
        app.pause();
        for (width, height) in [(1, 1), (12, 5), (30, 9), (80, 24), (120, 40), (200, 60)] {
            for step in ["g", "150G", "G"] {
                press(&mut app, step);
                let text = text(&screen(&mut app, width, height));
                assert_eq!(text.lines().count(), usize::from(height));
            }
        }
    }
}

/// The lesson is about the end that sends again, although the other one sends more.
#[test]
fn the_graph_is_of_the_end_that_sends_again() {
    let walk = super::walk("rto-backoff");
    let again = (0..).map(crate::walk::step::StepId).find(|at| {
        let step = walk.step(*at).expect("a step that sends again");
        step.title.ends_with("(again)")
    });
    let number = walk.position(again.expect("a step"), crate::walk::step::Grain::Frame);
    let mut app = App::new(walk, Theme::default(), Vec::new());
    let text = at_80x24(&mut app, &format!("{number}G8"));
    assert!(text.contains("server:7 > client:51000"), "{text}");
}

//! A panic on the screen, in a real pseudo-terminal: this test program runs itself as the child.

use std::io::Read as _;
use std::num::NonZero;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::tui::terminal::Screen;

/// Set for the child: it is to take the terminal and panic.
const IN_CHILD: &str = "LAYERWALK_TEST_TAKES_THE_TERMINAL";

/// The child's part; alone it has nothing to do.
#[test]
fn takes_the_terminal_and_panics() {
    if std::env::var_os(IN_CHILD).is_none() {
        return;
    }
    let mut screen = Screen::enter().expect("a terminal");
    screen
        .draw(|buffer| {
            buffer.set_string(0, 0, "drawn", ratatui::style::Style::new());
        })
        .expect("it draws");
    panic!("a panic that must be read");
}

#[test]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    let size = PtySize {
        rows: 24,
        cols: 80,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system()
        .openpty(size)
        .expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
    let name = "tui::tests::panic::takes_the_terminal_and_panics";
    command.args([name, "--exact", "--nocapture"]);
    command.env(IN_CHILD, "1");
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    drop(pair.slave);
    let mut output = Vec::new();
    // The end of a pseudo-terminal's output is an error on Linux.
    let _ = pair
        .master
        .try_clone_reader()
        .expect("a reader")
        .read_to_end(&mut output);
    child.wait().expect("it ends");

    let text = String::from_utf8_lossy(&output);
    let back = text
        .rfind("\x1b[?1049l")
        .expect("the alternate screen is left");
    let drawn = text.find("drawn").expect("it has drawn");
    let message = text
        .rfind("a panic that must be read")
        .expect("the message is there");
    assert!(drawn < back && back < message, "{text:?}");
    let cells = |n| NonZero::new(n).expect("not 0");
    let mut screen = vt100::Parser::new(cells(24), cells(80), 0);
    screen.process(&output);
    assert!(!screen.screen().alternate_screen() && !screen.screen().hide_cursor());
    // In raw mode a line feed alone would not return to the first column; the terminal ended it with both.
    assert!(
        text[back..].contains("\r\n"),
        "the terminal is left raw: {text:?}"
    );
}

//! Roles and how they look. A role always has a glyph or a word too: colour alone says nothing.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use super::canvas;
use crate::base::text;

/// What a piece of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// A heading, or a key in the line of hints.
    Strong,
    /// A rule between panes.
    Rule,
    /// The title of the pane that has the focus.
    Focus,
    /// The end that opened the conversation: the left lane.
    Client,
    /// The end that was called: the right lane.
    Server,
    /// Changed by the step; `*` goes with it.
    Changed,
    /// Chosen; `>` or brackets go with it.
    Selected,
    /// Wrong or lost; `!` or `X` goes with it.
    Error,
    /// Right; `ok` goes with it.
    Right,
    /// Encrypted; `[enc]` goes with it.
    Encrypted,
}

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// None: bold, underline and reverse alone.
    None,
    /// The sixteen of ANSI.
    #[default]
    Ansi16,
    /// All.
    True,
}

/// What the colours stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// A dark background, the terminal's own.
    #[default]
    Dark,
    /// A light background, the terminal's own.
    Light,
}

/// The look of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// How many colours.
    pub depth: Depth,
    /// On what.
    pub ground: Ground,
    /// Black on white and bold, for a projector.
    pub projector: bool,
    /// ASCII alone.
    pub ascii: bool,
}

impl Theme {
    /// How `role` looks.
    pub fn style(&self, role: Role) -> Style {
        let style = match self.color(role) {
            Some(color) => Style::new().fg(color),
            None => Style::new(),
        };
        let style = match role {
            Role::Text | Role::Rule | Role::Client | Role::Server => style,
            Role::Strong | Role::Changed | Role::Error | Role::Right | Role::Encrypted => {
                style.add_modifier(Modifier::BOLD)
            }
            Role::Focus => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::Selected => style.add_modifier(Modifier::REVERSED),
        };
        if self.projector {
            style.add_modifier(Modifier::BOLD)
        } else {
            style
        }
    }

    /// The colours of Okabe and Ito, which people who see colours differently tell apart; darker on a light ground.
    fn color(&self, role: Role) -> Option<Color> {
        // True colour on dark and on light, then of the sixteen: cyan, yellow and green cannot be read on white.
        let ((dark, light), ansi_dark, ansi_light) = match role {
            Role::Client => ((0x56b4e9, 0x005a8f), Color::Cyan, Color::Blue),
            Role::Server => ((0xe69f00, 0x8a5a00), Color::Yellow, Color::Magenta),
            Role::Error => ((0xd55e00, 0xa04000), Color::Red, Color::Red),
            Role::Right => ((0x009e73, 0x006b4e), Color::Green, Color::Black),
            Role::Encrypted => ((0xcc79a7, 0x8f3f6c), Color::Magenta, Color::Black),
            Role::Text | Role::Strong | Role::Rule | Role::Focus | Role::Changed => return None,
            Role::Selected => return None,
        };
        let is_light = self.projector || self.ground == Ground::Light;
        match (self.depth, is_light) {
            (Depth::None, _) => None,
            (Depth::Ansi16, false) => Some(ansi_dark),
            (Depth::Ansi16, true) => Some(ansi_light),
            (Depth::True, false) => Some(Color::from_u32(dark)),
            (Depth::True, true) => Some(Color::from_u32(light)),
        }
    }

    /// The style of the end with this index: 0 the client, 1 the server.
    pub fn end(&self, index: usize) -> Style {
        self.style(if index == 0 {
            Role::Client
        } else {
            Role::Server
        })
    }

    /// The last touch on a whole screen: no colour that was not asked for, no character that cannot be shown.
    ///
    /// With `NO_COLOR` crossterm writes a bare `CSI m` for every colour, which ends reverse video too and makes the
    /// selection disappear; so no cell may keep a colour.
    pub fn finish(&self, buffer: &mut Buffer) {
        for cell in &mut buffer.content {
            if self.depth == Depth::None {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            } else if self.projector {
                cell.bg = Color::White;
                if cell.fg == Color::Reset {
                    cell.fg = Color::Black;
                }
            }
            if self.ascii && !cell.symbol().is_ascii() {
                let symbol = to_ascii(cell.symbol());
                cell.set_symbol(symbol);
            }
        }
    }

    /// Text from outside, safe for the terminal; with ASCII alone where that was asked for, then the signs of
    /// typography have their ASCII forms.
    pub fn safe<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.ascii {
            return text::safe(text);
        }
        match plain_signs(text) {
            Cow::Borrowed(text) => text::ascii(text),
            Cow::Owned(text) => Cow::Owned(text::ascii(&text).into_owned()),
        }
    }

    /// As [`Theme::safe`], in at most `columns` columns.
    pub fn fit(&self, text: &str, columns: usize) -> String {
        canvas::fit(&self.safe(text), columns)
    }
}

/// What stands for a character that is not ASCII.
fn to_ascii(symbol: &str) -> &'static str {
    match symbol {
        "─" => "-",
        "│" => "|",
        "├" | "┤" | "┬" | "┴" | "┼" | "┌" | "┐" | "└" | "┘" => "+",
        "‾" => "^",
        _ => "?",
    }
}

/// The signs of typography that our own texts use, in ASCII.
fn plain_signs(text: &str) -> Cow<'_, str> {
    const SIGNS: [(char, &str); 8] = [
        ('§', "sec. "),
        ('…', ".."),
        ('–', "-"),
        ('“', "\""),
        ('”', "\""),
        ('’', "'"),
        ('→', "->"),
        ('×', "x"),
    ];
    if !text.contains(SIGNS.map(|(sign, _)| sign)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match SIGNS.iter().find(|(sign, _)| *sign == c) {
            Some((_, ascii)) => plain.push_str(ascii),
            None => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

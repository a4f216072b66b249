//! The one table of keys: dispatch, footer, help, palette, `list keys` and the man page all come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table says what each does")]
pub enum Command {
    Next,
    Back,
    Up,
    Down,
    Left,
    Right,
    PhaseBack,
    PhaseNext,
    SameEndBack,
    SameEndNext,
    Finer,
    Coarser,
    First,
    Last,
    PaneNext,
    PaneBack,
    /// Shows and focuses the pane of this number (1 to 9).
    Pane(u8),
    Open,
    OtherWay,
    Hold,
    LayOver,
    Zoom,
    Find,
    FindNext,
    FindBack,
    Mark,
    ToMark,
    Copy,
    Numbers,
    Depth,
    Autoplay,
    Blank,
    Projector,
    Theme,
    Mouse,
    Lesson,
    Catalogue,
    Palette,
    Help,
    Suspend,
    Leave,
    Quit,
    Kill,
}

/// A key, as the table names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// A key without a character of its own.
    Code(KeyCode),
    /// Such a key with Shift.
    Shift(KeyCode),
}

/// One line of the table: a command, its keys, and its words.
#[derive(Debug)]
pub struct Binding {
    /// What it asks for.
    pub command: Command,
    /// Its name in the palette, such as `next-phase`.
    pub name: &'static str,
    /// Its keys; the first is the one that hints show.
    pub keys: &'static [Key],
    /// What it does, in one line.
    pub what: &'static str,
    /// Its word in the line of hints; neighbours in the table with the same word share one hint.
    pub hint: Option<Hint>,
}

/// A binding's place in the line of hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// The word.
    pub word: &'static str,
    /// The lower, the later it goes as the width shrinks; the hints keep the order of the table.
    pub rank: u8,
}

const fn bind(
    command: Command,
    name: &'static str,
    keys: &'static [Key],
    what: &'static str,
) -> Binding {
    Binding {
        command,
        name,
        keys,
        what,
        hint: None,
    }
}

const fn hinted(
    command: Command,
    name: &'static str,
    keys: &'static [Key],
    what: &'static str,
    (word, rank): (&'static str, u8),
) -> Binding {
    Binding {
        command,
        name,
        keys,
        what,
        hint: Some(Hint { word, rank }),
    }
}

use Key::{Char, Code, Ctrl, Shift};

/// Every key and what it does.
#[rustfmt::skip]
pub static TABLE: &[Binding] = &[
    hinted(Command::Next, "next", &[Code(KeyCode::Right), Char('l'), Char(' '), Code(KeyCode::PageDown)], "go to the next step", ("next", 2)),
    hinted(Command::Back, "back", &[Code(KeyCode::Left), Char('h'), Code(KeyCode::Backspace), Code(KeyCode::PageUp)], "go back one step", ("back", 3)),
    bind(Command::Up, "up", &[Code(KeyCode::Up), Char('k')], "up within the pane"),
    bind(Command::Down, "down", &[Code(KeyCode::Down), Char('j')], "down within the pane"),
    bind(Command::Left, "byte-left", &[Char('<'), Shift(KeyCode::Left)], "one byte to the left in the bytes; in the graphs more of the time"),
    bind(Command::Right, "byte-right", &[Char('>'), Shift(KeyCode::Right)], "one byte to the right in the bytes; in the graphs the time around the step"),
    hinted(Command::PhaseBack, "phase-back", &[Char('[')], "go to the phase before", ("phase", 4)),
    hinted(Command::PhaseNext, "phase-next", &[Char(']')], "go to the next phase", ("phase", 4)),
    bind(Command::SameEndBack, "same-end-back", &[Char('{')], "go back to the last step of the same end"),
    bind(Command::SameEndNext, "same-end-next", &[Char('}')], "go to the next step of the same end"),
    bind(Command::Finer, "finer", &[Char('+')], "finer steps: messages, frames, layers"),
    bind(Command::Coarser, "coarser", &[Char('-')], "coarser steps: layers, frames, messages"),
    bind(Command::First, "first", &[Char('g'), Code(KeyCode::Home)], "go to the first step"),
    bind(Command::Last, "last", &[Char('G'), Code(KeyCode::End)], "go to the last step; 12G goes to step 12"),
    hinted(Command::PaneNext, "pane-next", &[Code(KeyCode::Tab)], "go to the next pane", ("pane", 5)),
    bind(Command::PaneBack, "pane-back", &[Code(KeyCode::BackTab)], "go to the pane before"),
    hinted(Command::Pane(1), "map", &[Char('1')], "show the map", ("view", 6)),
    hinted(Command::Pane(2), "ladder", &[Char('2')], "show the ladder", ("view", 6)),
    hinted(Command::Pane(3), "layers", &[Char('3')], "show the layers", ("view", 6)),
    hinted(Command::Pane(4), "fields", &[Char('4')], "show fields and bytes; again: the other of the two", ("view", 6)),
    hinted(Command::Pane(5), "ends", &[Char('5')], "show the variables of both ends", ("view", 6)),
    hinted(Command::Pane(6), "sequence", &[Char('6')], "show the sequence space", ("view", 6)),
    hinted(Command::Pane(7), "why", &[Char('7')], "show the why", ("view", 6)),
    hinted(Command::Pane(8), "graphs", &[Char('8')], "show the connection over time: sequence, windows, cwnd, round trips", ("view", 6)),
    hinted(Command::Pane(9), "states", &[Char('9')], "show the state diagram", ("view", 6)),
    bind(Command::OtherWay, "other-way", &[Char('d')], "graphs: what the other end sends"),
    bind(Command::Hold, "hold", &[Char('f')], "graphs: stay at the first connection, at the next; then again at the step's own"),
    bind(Command::LayOver, "lay-over", &[Char('o')], "graphs: lay another connection over this one"),
    hinted(Command::Open, "open", &[Code(KeyCode::Enter)], "open or close; follow the chosen bytes down to the wire", ("open", 8)),
    hinted(Command::Zoom, "zoom", &[Char('z')], "the pane alone, on the whole screen", ("zoom", 9)),
    hinted(Command::Find, "find", &[Char('/')], "find text, or frames by a display filter (tcp.flags.syn == 1)", ("find", 10)),
    bind(Command::FindNext, "find-next", &[Char('n')], "the next that was found"),
    bind(Command::FindBack, "find-back", &[Char('N')], "the one before"),
    bind(Command::Mark, "mark", &[Char('m')], "mark the step with a letter"),
    bind(Command::ToMark, "to-mark", &[Char('\'')], "go to the step marked with a letter"),
    bind(Command::Copy, "copy", &[Char('y')], "copy: f field, h hex, d display filter"),
    bind(Command::Numbers, "numbers", &[Char('r')], "sequence numbers relative or raw"),
    bind(Command::Depth, "depth", &[Char('e')], "why: short, full, RFC"),
    bind(Command::Autoplay, "autoplay", &[Char('p')], "go on by itself: every 4 s, 2 s, 1 s, off"),
    bind(Command::Blank, "blank", &[Char('b')], "blank the screen; any key brings it back"),
    hinted(Command::Projector, "projector", &[Char('P')], "strong contrast for a projector", ("projector", 11)),
    bind(Command::Theme, "theme", &[Char('T')], "next theme: dark, light, no colour"),
    bind(Command::Mouse, "mouse", &[Char('M')], "mouse on or off (off: the terminal selects text)"),
    hinted(Command::Lesson, "lesson", &[Char('i')], "the lesson of this walk", ("lesson", 7)),
    bind(Command::Catalogue, "catalogue", &[Char('c')], "the built-in walks"),
    hinted(Command::Palette, "palette", &[Char(':')], "every command by its name", ("cmd", 12)),
    bind(Command::Suspend, "suspend", &[Ctrl('z')], "stop; fg in the shell goes on"),
    hinted(Command::Help, "help", &[Char('?'), Code(KeyCode::F(1))], "this help", ("help", 1)),
    bind(Command::Leave, "leave", &[Code(KeyCode::Esc)], "back: close what is open, else quit"),
    hinted(Command::Quit, "quit", &[Char('q')], "back, or quit and keep the step", ("quit", 0)),
    bind(Command::Kill, "kill", &[Ctrl('c')], "quit at once"),
];

/// The binding that `event` means.
pub fn find(event: &KeyEvent) -> Option<&'static Binding> {
    TABLE
        .iter()
        .find(|binding| binding.keys.iter().any(|key| key.matches(event)))
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        let plain = event.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        match self {
            Self::Char(c) => plain && event.code == KeyCode::Char(c),
            Self::Ctrl(c) => {
                event.modifiers.contains(KeyModifiers::CONTROL) && event.code == KeyCode::Char(c)
            }
            // Shift comes with the code itself in BackTab.
            Self::Code(KeyCode::BackTab) => event.code == KeyCode::BackTab,
            Self::Code(code) => event.modifiers.is_empty() && event.code == code,
            Self::Shift(code) => event.modifiers == KeyModifiers::SHIFT && event.code == code,
        }
    }

    /// The key in a word of ASCII: `->`, `space`, `^c`.
    pub fn label(self) -> String {
        let word = match self {
            Self::Char(' ') => "space",
            Self::Char(c) => return c.to_string(),
            Self::Ctrl(c) => return format!("^{c}"),
            Self::Shift(code) => return format!("shift {}", Self::Code(code).label()),
            Self::Code(KeyCode::F(n)) => return format!("F{n}"),
            Self::Code(code) => match code {
                KeyCode::Right => "->",
                KeyCode::Left => "<-",
                KeyCode::Up => "up",
                KeyCode::Down => "down",
                KeyCode::PageDown => "pgdn",
                KeyCode::PageUp => "pgup",
                KeyCode::Backspace => "backspace",
                KeyCode::Tab => "tab",
                KeyCode::BackTab => "shift tab",
                KeyCode::Enter => "enter",
                KeyCode::Esc => "esc",
                KeyCode::Home => "home",
                KeyCode::End => "end",
                _ => "key",
            },
        };
        word.to_owned()
    }
}

impl Binding {
    /// The keys in words, as the help shows them: `->  l  space  pgdn`.
    pub fn keys_label(&self) -> String {
        self.keys
            .iter()
            .map(|key| key.label())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The hints of the table, in its order, with neighbours of the same word joined: `[ ] phase`, `1-9 view`.
pub fn hints() -> Vec<(String, u8)> {
    let mut out: Vec<(Vec<String>, Hint)> = Vec::new();
    for binding in TABLE {
        let (Some(hint), Some(key)) = (binding.hint, binding.keys.first()) else {
            continue;
        };
        match out.last_mut() {
            Some((keys, last)) if *last == hint => keys.push(key.label()),
            _ => out.push((vec![key.label()], hint)),
        }
    }
    out.into_iter()
        .map(|(keys, hint)| (format!("{} {}", join(&keys), hint.word), hint.rank))
        .collect()
}

/// Three keys or more are shown as first and last.
fn join(keys: &[String]) -> String {
    match keys {
        [first, _, .., last] => format!("{first}-{last}"),
        keys => keys.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_and_no_name_is_used_twice() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in &TABLE[i + 1..] {
                assert_ne!(a.name, b.name);
                for key in a.keys {
                    assert!(
                        !b.keys.contains(key),
                        "{key:?} is both {} and {}",
                        a.name,
                        b.name
                    );
                }
            }
        }
    }

    #[test]
    fn each_key_finds_its_own_binding() {
        for binding in TABLE {
            for &key in binding.keys {
                let event = match key {
                    Char(c) if c.is_uppercase() => {
                        KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT)
                    }
                    Char(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
                    Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
                    Shift(code) => KeyEvent::new(code, KeyModifiers::SHIFT),
                    Code(code) => KeyEvent::new(code, KeyModifiers::NONE),
                };
                assert_eq!(
                    find(&event).map(|found| found.command),
                    Some(binding.command)
                );
            }
        }
    }

    #[test]
    fn hints_join_their_neighbours() {
        let hints: Vec<String> = hints().into_iter().map(|(hint, _)| hint).collect();
        assert_eq!(
            hints[..5],
            ["-> next", "<- back", "[ ] phase", "tab pane", "1-9 view"]
        );
    }
}

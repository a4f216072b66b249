//! What is laid over the panes: help, catalogue, palette, the way of the chosen bytes, and the wire.

use super::app::CatalogueEntry;
use super::canvas::{Canvas, wrap};
use super::keys::{self, Command};
use super::panes::Cx;
use super::theme::Role;
use crate::base::text;
use crate::proto::physical;
use crate::walk::view::{Level, Place, Source};

/// What is laid over the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The table of keys.
    Help,
    /// What the scenario teaches.
    Lesson,
    /// The built-in walks.
    Catalogue,
    /// The commands by name.
    Palette,
    /// The chosen bytes on every layer.
    Trace,
    /// The step's frame as it goes over the wire.
    Physical,
}

/// An open overlay with its state.
#[derive(Debug, Clone)]
pub struct Open {
    /// Which.
    pub what: Overlay,
    /// What was typed.
    pub input: String,
    /// The line that is chosen, or the first that is shown.
    pub at: usize,
}

/// The rows below the catalogue: an empty one, and a summary of two lines.
const FOOT: usize = 3;

/// A line of an overlay.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Its look.
    pub role: Role,
}

impl Line {
    fn new(text: impl Into<String>, role: Role) -> Self {
        Self {
            text: text.into(),
            role,
        }
    }
}

impl Open {
    /// Opens it.
    pub fn new(what: Overlay) -> Self {
        Self {
            what,
            input: String::new(),
            at: 0,
        }
    }

    /// Whether one of its lines is chosen (or else it scrolls).
    pub fn is_list(&self) -> bool {
        matches!(self.what, Overlay::Catalogue | Overlay::Palette)
    }

    /// Its title.
    pub fn title(&self) -> String {
        match self.what {
            Overlay::Help => "Keys".to_owned(),
            Overlay::Lesson => "Lesson".to_owned(),
            Overlay::Catalogue => "Built-in walks: enter opens".to_owned(),
            Overlay::Palette => format!("Commands :{}", self.input),
            Overlay::Trace => "The chosen bytes, layer by layer (< > byte)".to_owned(),
            Overlay::Physical => "Layer 1: on the wire".to_owned(),
        }
    }

    /// Its lines, at most `columns` wide where they can be broken.
    pub fn lines(
        &self,
        cx: Option<&Cx<'_>>,
        catalogue: &[CatalogueEntry],
        columns: usize,
    ) -> Vec<Line> {
        match self.what {
            Overlay::Help => help(columns),
            Overlay::Lesson => cx.map_or_else(Vec::new, |cx| lesson(cx, columns)),
            Overlay::Catalogue => catalogue_lines(catalogue),
            Overlay::Palette => self.matches().map(palette_line).collect(),
            Overlay::Trace => cx.map_or_else(Vec::new, |cx| trace(cx, columns)),
            Overlay::Physical => cx.map_or_else(Vec::new, wire),
        }
    }

    /// The commands whose name or words hold what was typed.
    pub fn matches(&self) -> impl Iterator<Item = &'static keys::Binding> {
        let wanted = self.input.to_lowercase();
        keys::TABLE.iter().filter(move |binding| {
            binding.command != Command::Palette
                && (binding.name.contains(&wanted) || binding.what.to_lowercase().contains(&wanted))
        })
    }

    /// So many of these rows show its lines; below the catalogue there is room for what the chosen walk shows.
    fn rows(&self, height: usize) -> usize {
        match self.what {
            Overlay::Catalogue if height > 2 * FOOT => height - FOOT,
            _ => height,
        }
    }

    /// Draws it.
    pub fn draw(
        &self,
        cx: Option<&Cx<'_>>,
        theme: &super::theme::Theme,
        catalogue: &[CatalogueEntry],
        canvas: &mut Canvas<'_>,
    ) {
        let lines = self.lines(cx, catalogue, canvas.width());
        let height = self.rows(canvas.height());
        if lines.is_empty() {
            canvas.put(2, 0, "(nothing here at this step)", theme.style(Role::Text));
        }
        let chosen = self
            .is_list()
            .then_some(self.at.min(lines.len().saturating_sub(1)));
        let start = match chosen {
            Some(at) => (at + 1).saturating_sub(height),
            None => self.at.min(lines.len().saturating_sub(height)),
        };
        for (y, (i, line)) in (0..height).zip(lines.iter().enumerate().skip(start)) {
            let is_chosen = chosen == Some(i);
            let role = if is_chosen { Role::Selected } else { line.role };
            let mark = if is_chosen { "> " } else { "  " };
            let x = canvas.put(0, y, mark, theme.style(role));
            canvas.put(
                x,
                y,
                &theme.fit(&line.text, canvas.width().saturating_sub(x)),
                theme.style(role),
            );
        }
        if self.what == Overlay::Catalogue {
            let chosen = chosen.and_then(|at| catalogue.get(at));
            let room = canvas.width().saturating_sub(4);
            let words =
                chosen.map_or_else(Vec::new, |entry| wrap(&theme.safe(&entry.summary), room));
            let below = lines.len().min(height) + 1;
            for (y, line) in (below..canvas.height()).zip(&words) {
                canvas.put(2, y, line, theme.style(Role::Text));
            }
        }
        if lines.len() > start + height {
            let y = height.saturating_sub(1);
            canvas.put_right(canvas.width(), y, " v more", theme.style(Role::Strong));
        }
    }
}

/// The table of keys, the words broken into lines.
fn help(columns: usize) -> Vec<Line> {
    let keys_at = if columns >= 60 { 24 } else { 14 };
    let room = columns.saturating_sub(keys_at + 2).max(8);
    let mut lines = Vec::new();
    for binding in keys::TABLE {
        for (i, what) in wrap(binding.what, room).into_iter().enumerate() {
            let keys = if i == 0 {
                binding.keys_label()
            } else {
                String::new()
            };
            lines.push(Line::new(format!("{keys:<keys_at$}{what}"), Role::Text));
        }
    }
    lines
}

fn palette_line(binding: &'static keys::Binding) -> Line {
    let text = format!(
        "{:<16}{:<24}{}",
        binding.name,
        binding.keys_label(),
        binding.what
    );
    Line::new(text, Role::Text)
}

fn catalogue_lines(catalogue: &[CatalogueEntry]) -> Vec<Line> {
    let wide = catalogue
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0)
        + 2;
    let line = |entry: &CatalogueEntry| format!("{:<wide$}{}", entry.name, entry.title);
    catalogue
        .iter()
        .map(|entry| Line::new(line(entry), Role::Text))
        .collect()
}

/// The scenario's title and its text, with an empty line between paragraphs.
fn lesson(cx: &Cx<'_>, columns: usize) -> Vec<Line> {
    let lesson = &cx.scene.lesson;
    if lesson.text.is_empty() {
        return Vec::new();
    }
    let room = columns.saturating_sub(4).clamp(1, 96);
    let mut lines = vec![Line::new(text::safe(&lesson.title), Role::Strong)];
    for paragraph in lesson.text.split("\n\n") {
        lines.push(Line::new("", Role::Text));
        let words = wrap(&text::safe(&paragraph.trim().replace('\n', " ")), room);
        lines.extend(words.into_iter().map(|text| Line::new(text, Role::Text)));
    }
    lines
}

/// The chosen bytes on every layer, from the application down to the bits.
fn trace(cx: &Cx<'_>, columns: usize) -> Vec<Line> {
    let Some(chosen) = cx.chosen else {
        return Vec::new();
    };
    let name = cx
        .rows
        .get(chosen.row)
        .map_or(String::new(), |row| match row.field {
            Some(field) => format!("{} ({}): {}", field.spec.label, field.spec.id, field.text),
            None => row.layer.protocol.name.to_owned(),
        });
    let mut lines = vec![Line::new(name, Role::Strong), Line::new("", Role::Text)];
    for level in &chosen.trace.levels {
        lines.push(Line::new(level_heading(level), Role::Strong));
        for text in wrap(&bytes_of(level), columns.saturating_sub(8)) {
            lines.push(Line::new(format!("      {text}"), Role::Text));
        }
    }
    if chosen.trace.levels.is_empty() {
        lines.push(Line::new(
            "(derived: it has no bytes of its own on the wire)",
            Role::Text,
        ));
    }
    lines
}

/// `4 TCP segment in frame 19  offset 6`: the names of the levels say where they are.
fn level_heading(level: &Level) -> String {
    let is_bits = matches!(level.place, Place::Bits(_));
    let unit = if is_bits { "bit" } else { "offset" };
    let range = match level.range.len() {
        0 | 1 => format!("{unit} {}", level.range.start),
        _ => format!("{unit} {} to {}", level.range.start, level.range.end - 1),
    };
    format!("{} {}  {range}", level.osi, level.name)
}

/// The level's bytes in hexadecimal, and as text where they are some; bits as they are.
fn bytes_of(level: &Level) -> String {
    const SHOWN: usize = 64;
    if matches!(level.place, Place::Bits(_)) {
        let bits = level.bytes.iter().take(SHOWN * 2);
        let bits: Vec<char> = bits.map(|bit| if *bit == 0 { '0' } else { '1' }).collect();
        let octets = bits.chunks(8).map(|octet| octet.iter().collect::<String>());
        return octets.collect::<Vec<_>>().join(" ");
    }
    let shown = &level.bytes[..level.bytes.len().min(SHOWN)];
    let hex: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    let more = if level.bytes.len() > SHOWN { " .." } else { "" };
    let is_text = shown.iter().all(|byte| (0x20..0x7f).contains(byte));
    let words = if is_text {
        format!("  \"{}\"", text::safe_bytes(shown))
    } else {
        String::new()
    };
    format!("{}{more}{words}", hex.join(" "))
}

/// The rate whose line code is Manchester's (IEEE 802.3 §7.3.1.1).
const MANCHESTER_RATE: u64 = 10_000_000;

/// The octets in the order of the wire, with their bits, and their levels in Manchester code where the link speaks it.
fn wire(cx: &Cx<'_>) -> Vec<Line> {
    let Some(wire) = &cx.scene.physical else {
        return not_captured(cx);
    };
    let is_manchester = wire.rate == MANCHESTER_RATE;
    let bits = wire.octets.len() * 8;
    let mut lines = vec![
        Line::new(
            format!(
                "{} octets, {bits} bits. FCS 0x{:08x}",
                wire.octets.len(),
                wire.fcs
            ),
            Role::Strong,
        ),
        Line::new(
            "Of each octet the least significant bit goes first.",
            Role::Text,
        ),
        Line::new(
            if is_manchester {
                "Manchester code of 10 Mbit/s: 0 is high then low, 1 is low then high."
            } else {
                "No line code is drawn: Manchester is that of 10 Mbit/s, not of this link."
            },
            Role::Text,
        ),
    ];
    let fcs_at = wire.octets.len().saturating_sub(4);
    let padding_at =
        wire.frame_start + cx.scene.frame.as_ref().map_or(0, |frame| frame.bytes.len());
    let lit = cx
        .chosen
        .map_or_else(Vec::new, |chosen| lit_octets(cx, chosen, wire.frame_start));
    for (i, octet) in wire.octets.iter().enumerate() {
        let part = match i {
            _ if i + 1 < wire.frame_start => "preamble",
            _ if i < wire.frame_start => "start",
            _ if i >= fcs_at => "FCS",
            _ if i >= padding_at => "padding",
            _ => "frame",
        };
        let is_lit = lit.iter().any(|range| range.contains(&i));
        let offset = match part {
            "frame" => format!("{:>5}", i - wire.frame_start),
            _ => "     ".to_owned(),
        };
        let bits = physical::to_bits(&[*octet]);
        let digits: String = bits.iter().map(|bit| char::from(b'0' + bit)).collect();
        let mark = if is_lit { '>' } else { ' ' };
        let wave = if is_manchester {
            wave(&bits)
        } else {
            String::new()
        };
        let text = format!("{mark}{part:<8}{offset}  {octet:02x}  {digits}  {wave}");
        lines.push(Line::new(
            text,
            if is_lit { Role::Changed } else { Role::Text },
        ));
    }
    lines
}

/// Why there is nothing to show of the wire.
fn not_captured(cx: &Cx<'_>) -> Vec<Line> {
    let is_simulated = matches!(
        cx.scene.heading.source,
        Source::Simulated { .. } | Source::Attached { .. }
    );
    if is_simulated || cx.scene.frame.is_none() {
        return Vec::new();
    }
    let lines = [
        "Not captured: preamble, frame check sequence and line code stay in the network",
        "card, and a loopback interface has none of them.",
    ];
    lines.map(|text| Line::new(text, Role::Text)).to_vec()
}

/// The octets on the wire that the choice lights.
fn lit_octets(
    cx: &Cx<'_>,
    chosen: &super::select::Chosen,
    frame_start: usize,
) -> Vec<std::ops::Range<usize>> {
    super::select::sections(cx.scene)
        .first()
        .filter(|section| section.part == super::select::Part::Frame)
        .map_or_else(Vec::new, |section| {
            super::select::lit(cx.scene, chosen, section)
        })
        .into_iter()
        .map(|range| range.start + frame_start..range.end + frame_start)
        .collect()
}

/// The levels of bits: `_|‾|_|‾`, the change in the middle of each bit always there.
fn wave(bits: &[u8]) -> String {
    let levels = physical::manchester(bits);
    let mut text = String::new();
    let mut last: Option<u8> = None;
    for level in levels {
        if let Some(last) = last {
            text.push(match (last == level, level) {
                (false, _) => '|',
                (true, 0) => '_',
                (true, _) => '‾',
            });
        }
        text.push(if level == 0 { '_' } else { '‾' });
        last = Some(level);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::wave;

    #[test]
    fn each_bit_changes_in_its_middle() {
        // 1 is low then high, 0 is high then low.
        assert_eq!(wave(&[1, 0, 1]), "_|‾‾‾|_|_‾".replace("|_|_‾", "|___|‾"));
        assert_eq!(wave(&[0, 0]), "‾|_|‾|_");
    }
}

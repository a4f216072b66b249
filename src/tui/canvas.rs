//! A rectangle to write in: everything outside is cut off, so no pane can draw past its edge or panic at a size.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthChar;

/// A part of the screen, with columns and rows counted from its own corner.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Canvas<'a> {
    /// The part `area` of `buffer`, as much of it as is there.
    pub fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        usize::from(self.area.width)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        usize::from(self.area.height)
    }

    /// Writes `text` (already safe) from column `x` of row `y` on, cut at the right edge. Returns the column after it.
    pub fn put(&mut self, x: usize, y: usize, text: &str, style: impl Into<Style>) -> usize {
        self.put_to(self.width(), x, y, text, style)
    }

    /// As [`Canvas::put`], cut before column `end`.
    pub fn put_to(
        &mut self,
        end: usize,
        x: usize,
        y: usize,
        text: &str,
        style: impl Into<Style>,
    ) -> usize {
        let style = style.into();
        let end = end.min(self.width());
        let mut x = x;
        if y >= self.height() {
            return x;
        }
        for c in text.chars() {
            let width = c.width().unwrap_or(0);
            if width == 0 {
                self.join(x, y, c);
                continue;
            }
            if x + width > end {
                break;
            }
            if let Some(cell) = self.cell(x, y) {
                cell.set_char(c).set_style(style);
            }
            for rest in 1..width {
                if let Some(cell) = self.cell(x + rest, y) {
                    cell.set_symbol(" ").set_style(style);
                }
            }
            x += width;
        }
        x
    }

    /// Writes `text` so that it ends before column `end`; cut on the right where it is too long.
    pub fn put_right(&mut self, end: usize, y: usize, text: &str, style: impl Into<Style>) {
        let end = end.min(self.width());
        self.put_to(end, end.saturating_sub(width(text)), y, text, style);
    }

    /// Adds `style` to what stands in columns `from..to` of row `y`.
    pub fn patch(&mut self, from: usize, to: usize, y: usize, style: impl Into<Style>) {
        let style = style.into();
        for x in from..to.min(self.width()) {
            if let Some(cell) = self.cell(x, y) {
                cell.set_style(style);
            }
        }
    }

    /// A combining character joins the one before it; a run of them is cut, so that no pile grows over other rows.
    fn join(&mut self, x: usize, y: usize, c: char) {
        let Some(x) = x.checked_sub(1) else { return };
        if let Some(cell) = self.cell(x, y) {
            let symbol = cell.symbol();
            if !symbol.is_empty() && symbol.chars().count() < 3 {
                let joined = format!("{symbol}{c}");
                cell.set_symbol(&joined);
            }
        }
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<&mut ratatui::buffer::Cell> {
        if x >= self.width() || y >= self.height() {
            return None;
        }
        let (x, y) = (u16::try_from(x).ok()?, u16::try_from(y).ok()?);
        self.buffer.cell_mut((self.area.x + x, self.area.y + y))
    }
}

/// The columns that `text` takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// `text` in at most `columns` columns, with `..` where something was cut. A part of a number would be another number:
/// it is left out.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let width = c.width().unwrap_or(0);
        end = at;
        if used + width + 2 > columns {
            break;
        }
        used += width;
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let mut out = &text[..end];
    if text[end..].starts_with(is_digit) {
        out = out.trim_end_matches(is_digit);
    }
    let dots = columns.saturating_sub(width(out)).min(2);
    format!("{out}{}", &".."[..dots])
}

/// `text` in lines of at most `columns` columns, broken between words where that is possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && width(&line) + 1 + width(word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            while width(&line) > columns {
                let rest = split_at_width(&line, columns);
                if rest == line.len() {
                    break;
                }
                let tail = line.split_off(rest);
                lines.push(std::mem::replace(&mut line, tail));
            }
        }
        lines.push(line);
    }
    lines
}

/// The byte index before which at most `columns` columns stand, and at least one character.
fn split_at_width(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (index, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && index > 0 {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_the_columns_it_is_given() {
        for (text, columns, expected) in [
            ("SYN,ACK", 7, "SYN,ACK"),
            ("SYN,ACK", 6, "SYN,.."),
            ("SYN,ACK", 1, "."),
            ("SYN,ACK", 0, ""),
            ("日本語", 5, "日.."),
            ("ACK seq=10001", 12, "ACK seq=.."),
            ("len=100 bytes", 9, "len=100.."),
        ] {
            assert_eq!(fit(text, columns), expected);
        }
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 2));
        let mut canvas = Canvas::new(&mut buffer, Rect::new(2, 1, 9, 9));
        canvas.put(0, 0, "日x", Style::new());
        canvas.put(0, 5, "y", Style::new());
        canvas.put_right(9, 0, "", Style::new());
        assert_eq!(buffer.cell((2, 1)).map(|cell| cell.symbol()), Some("日"));
        assert_eq!(buffer.cell((0, 0)).map(|cell| cell.symbol()), Some(" "));
    }
}

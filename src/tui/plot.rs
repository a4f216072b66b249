//! A plot in the cells of a terminal: dots of braille, eight to a cell, or in ASCII one to a cell; and glyphs.

use ratatui::style::Style;

use super::canvas::Canvas;

/// The scale of an axis: which of `cells` a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The value at the start.
    pub from: u64,
    /// The value at the end; more than `from`.
    pub to: u64,
    /// How many places there are.
    pub cells: usize,
}

impl Scale {
    /// The place of a value; of one outside the nearest.
    pub fn place(&self, value: u64) -> usize {
        let most = self.cells.saturating_sub(1);
        let (span, at) = (
            u128::from(self.to - self.from).max(1),
            u128::from(value.clamp(self.from, self.to) - self.from),
        );
        ((at * self.cells as u128 / span) as usize).min(most)
    }

    /// Whether the value lies on the axis.
    pub fn has(&self, value: u64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    /// The same axis with so many places.
    pub fn with_cells(self, cells: usize) -> Self {
        Self { cells, ..self }
    }

    /// Round values on the axis, at most so many.
    pub fn ticks(&self, most: usize) -> Vec<u64> {
        let span = (self.to - self.from).max(1);
        let step = round_up(span.div_ceil(most.max(1) as u64));
        let first = self.from.div_ceil(step).saturating_mul(step);
        (0..=most as u64)
            .map(|i| first.saturating_add(i.saturating_mul(step)))
            .take_while(|tick| *tick <= self.to)
            .collect()
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
pub fn round_up(value: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for step in [1, 2, 5] {
            let step = power.saturating_mul(step);
            if step >= value {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// What is drawn, before it is put on the screen.
pub struct Plot {
    columns: usize,
    rows: usize,
    ascii: bool,
    dots: Vec<u8>,
    glyphs: Vec<Option<Glyph>>,
}

#[derive(Clone, Copy)]
struct Glyph {
    symbol: char,
    style: Style,
    /// Of two in one cell the higher is seen. One above [`DOTS`] covers dots.
    rank: u8,
}

/// The rank of the dots.
pub const DOTS: u8 = 10;

impl Plot {
    /// An empty plot of so many cells.
    pub fn new(columns: usize, rows: usize, ascii: bool) -> Self {
        Self {
            columns,
            rows,
            ascii,
            dots: vec![0; columns * rows],
            glyphs: vec![None; columns * rows],
        }
    }

    /// How many dots a cell has, across and up.
    fn fine(&self) -> (usize, usize) {
        if self.ascii { (1, 1) } else { (2, 4) }
    }

    /// The places for dots across.
    pub fn dot_columns(&self) -> usize {
        self.columns * self.fine().0
    }

    /// The places for dots up.
    pub fn dot_rows(&self) -> usize {
        self.rows * self.fine().1
    }

    /// Sets a dot; `y` counts from below.
    pub fn dot(&mut self, x: usize, y: usize) {
        // Unicode 8-dot braille: the bits of the left and the right column, from below.
        const BITS: [[u8; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];
        let (across, up) = self.fine();
        let (column, row) = (x / across, y / up);
        if column < self.columns && row < self.rows {
            let bit = if self.ascii {
                1
            } else {
                BITS[x % across][y % up]
            };
            self.dots[row * self.columns + column] |= bit;
        }
    }

    /// Puts a glyph into a cell; the row counts from below.
    pub fn glyph(&mut self, column: usize, row: usize, symbol: char, style: Style, rank: u8) {
        if column >= self.columns || row >= self.rows {
            return;
        }
        let cell = &mut self.glyphs[row * self.columns + column];
        if cell.is_none_or(|old| old.rank < rank) {
            *cell = Some(Glyph {
                symbol,
                style,
                rank,
            });
        }
    }

    /// What dots look like in the words beside a plot.
    pub fn dots_key(ascii: bool) -> &'static str {
        if ascii { "#" } else { "⠶" }
    }

    /// Writes the plot with its top left corner at column `x` of row `y`.
    pub fn draw(&self, canvas: &mut Canvas<'_>, x: usize, y: usize, dots: Style) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                let index = row * self.columns + column;
                let glyph = self.glyphs[index];
                let bits = self.dots[index];
                let (symbol, style) = match glyph {
                    Some(glyph) if bits == 0 || glyph.rank > DOTS => (glyph.symbol, glyph.style),
                    _ if bits == 0 => continue,
                    _ if self.ascii => ('#', dots),
                    _ => (
                        char::from_u32(0x2800 + u32::from(bits)).unwrap_or('#'),
                        dots,
                    ),
                };
                let mut buffer = [0; 4];
                let text = symbol.encode_utf8(&mut buffer);
                canvas.put(x + column, y + self.rows - 1 - row, text, style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_find_their_places() {
        let scale = Scale {
            from: 100,
            to: 200,
            cells: 10,
        };
        for (value, place) in [
            (0, 0),
            (100, 0),
            (109, 0),
            (110, 1),
            (199, 9),
            (u64::MAX, 9),
        ] {
            assert_eq!(scale.place(value), place, "{value}");
        }
        assert_eq!(scale.ticks(3), [100, 150, 200]);
        let all = Scale {
            from: 0,
            to: u64::MAX,
            cells: 3,
        };
        assert_eq!(all.place(u64::MAX / 2), 1);
        assert!(all.ticks(4).len() <= 5);
    }

    #[test]
    fn steps_are_round() {
        for (value, step) in [(0, 1), (1, 1), (3, 5), (11, 20), (501, 1000)] {
            assert_eq!(round_up(value), step);
        }
        assert!(round_up(u64::MAX) > u64::MAX / 10);
    }
}

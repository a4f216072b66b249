//! The terminal screen: step, look, go back.
//!
//! [`app::App`] holds the state and is the one place that changes it; a [`scene::Scene`] is everything that is drawn of
//! one step; [`panes`] draw it where [`plan`] says. Drawing is pure: the same step and the same choice give the same
//! screen, whichever way one came. [`run`] is the loop around it, with the terminal and the signals.

pub mod app;
mod bars;
mod canvas;
mod copy;
mod find;
pub mod keys;
mod overlay;
mod panes;
mod plan;
mod plot;
mod run;
mod scene;
mod select;
mod terminal;
pub mod theme;
mod words;

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::walk::Walk;
use crate::walk::step::StepId;

pub use app::{App, CatalogueEntry, Coming};
pub use run::{Ended, Opener, Options, Source, TuiError, run};
pub use terminal::is_there as has_terminal;

/// The screen of one step at a size, without a terminal: for tests, and for pages that show it.
pub fn render(walk: &Walk, at: StepId, (width, height): (u16, u16), options: &Options) -> Buffer {
    let mut app = App::new(walk, options.theme(), options.catalogue.clone());
    app.resize(width, height);
    app.go(at);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    app.draw(&mut buffer);
    buffer
}

/// The screen as text, a line a row, without what is only blank at the end of a line.
pub fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let Some(cell) = buffer.cell((x, y)) else {
                break;
            };
            line.push_str(cell.symbol());
            let columns = canvas::width(cell.symbol()).max(1);
            x += u16::try_from(columns).unwrap_or(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

//! Drawing the whole screen: title, phases, panes or an overlay, hints.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{App, Prompt};
use crate::tui::bars;
use crate::tui::canvas::Canvas;
use crate::tui::overlay;
use crate::tui::panes::{Cx, PaneId};
use crate::tui::plan::{Plan, Wish, plan};
use crate::tui::scene::Scene;
use crate::tui::select::{self, Chosen, Detail};
use crate::tui::theme::Role;
use crate::walk::graph::Graphs;
use crate::walk::step::StepId;
use crate::walk::view::Source;

/// With so many rows the fields show what is computed of a header too.
const ROOM_FOR_ALL: u16 = 18;

impl App<'_> {
    /// Draws the whole screen.
    pub fn draw(&self, buffer: &mut Buffer) {
        if !self.blank {
            self.draw_screen(buffer);
        }
        self.theme.finish(buffer);
    }

    /// Where everything stands on a screen of this area.
    pub(super) fn plan(&self, area: Rect) -> Plan {
        let wish = Wish {
            focus: self.focus,
            side: self.side,
            wide: self.wide,
            zoom: self.zoom,
            branches: self.scene.as_ref().map_or(0, |scene| {
                let rows = scene.map.most_hanging().div_ceil(2);
                u16::try_from(rows).unwrap_or(u16::MAX)
            }),
        };
        plan(area.width, area.height, wish)
    }

    fn draw_screen(&self, buffer: &mut Buffer) {
        let area = buffer.area;
        let plan = self.plan(area);
        let Some(scene) = &self.scene else {
            return self.draw_empty(buffer, &plan);
        };
        let hints_on_top = plan.hints_on_top;
        let extra = self.extra();
        let mut top = Canvas::new(buffer, plan.title);
        bars::title(
            &mut top,
            &self.theme,
            scene,
            self.numbers,
            hints_on_top,
            &extra,
        );
        bars::phases(&mut Canvas::new(buffer, plan.phases), &self.theme, scene);
        self.with_cx(plan.large, |cx| match &self.open {
            Some(open) => self.draw_overlay(buffer, &plan, open, Some(cx)),
            None => self.draw_panes(buffer, &plan, cx),
        });
        self.draw_footer(buffer, &plan);
    }

    /// What the title says beside the step: new steps of a live capture, autoplay.
    fn extra(&self) -> String {
        let seen = self.seen.checked_sub(1).map_or(0, |last| {
            let last = StepId(u32::try_from(last).unwrap_or(u32::MAX));
            self.walk.position(last, self.grain)
        });
        let new = self.walk.count(self.grain) - seen;
        match self.autoplay {
            _ if !self.follows && self.seen > 0 && new > 0 => format!("+{new} new (G)"),
            Some(pace) => format!("auto {pace} s"),
            None if self.follows && self.walk.count(self.grain) == 0 => "no frames yet".to_owned(),
            None => String::new(),
        }
    }

    fn draw_empty(&self, buffer: &mut Buffer, plan: &Plan) {
        let area = buffer.area;
        let mut canvas = Canvas::new(buffer, area);
        let title = self.theme.safe(self.walk.title());
        let text = match self.walk.heading(self.at).source {
            Source::Live { .. } | Source::Attached { .. } => format!(" {title}: no frames yet"),
            _ => format!(" no frames in {title}"),
        };
        canvas.put(0, 0, &text, self.theme.style(Role::Strong));
        for (line, y) in self.walk.invitation().lines().zip(2..) {
            canvas.put(1, y, &self.theme.safe(line), self.theme.style(Role::Text));
        }
        if let Some(open) = &self.open {
            self.draw_overlay(buffer, plan, open, None);
        }
        self.draw_footer(buffer, plan);
    }

    fn draw_panes(&self, buffer: &mut Buffer, plan: &Plan, cx: &Cx<'_>) {
        let area = buffer.area;
        bars::rules(&mut Canvas::new(buffer, area), &self.theme, plan);
        for &(id, rect) in &plan.panes {
            let pane = self.panes.get(id);
            let has_rule = plan.rules.iter().any(|&(y, ..)| y + 1 == rect.y);
            if has_rule {
                let title = pane.title(cx, usize::from(rect.width));
                let mut canvas = Canvas::new(buffer, area);
                bars::pane_title(&mut canvas, &self.theme, rect, &title, id == self.focus);
            }
            pane.draw(cx, &mut Canvas::new(buffer, rect));
        }
    }

    fn draw_overlay(
        &self,
        buffer: &mut Buffer,
        plan: &Plan,
        open: &overlay::Open,
        cx: Option<&Cx<'_>>,
    ) {
        let area = buffer.area;
        let (top, end) = overlay_rows(area, plan);
        let rule = Rect::new(0, top, area.width, 1);
        let line = "─".repeat(usize::from(area.width));
        Canvas::new(buffer, rule).put(0, 0, &line, self.theme.style(Role::Rule));
        let title = self
            .theme
            .fit(&open.title(), usize::from(area.width).saturating_sub(4));
        Canvas::new(buffer, rule).put(2, 0, &title, self.theme.style(Role::Focus));
        let body = Rect::new(0, top + 1, area.width, end.saturating_sub(top + 1));
        let mut canvas = Canvas::new(buffer, body);
        open.draw(cx, &self.theme, &self.catalogue, &mut canvas);
    }

    fn draw_footer(&self, buffer: &mut Buffer, plan: &Plan) {
        if plan.footer.is_empty() {
            return;
        }
        let mut canvas = Canvas::new(buffer, plan.footer);
        let text = match &self.prompt {
            Prompt::None if self.message.is_empty() => {
                return bars::hints(&mut canvas, &self.theme, !plan.hints_on_top);
            }
            Prompt::None => self.message.clone(),
            Prompt::Find(text) => format!("/{text}_"),
            Prompt::Mark => "mark: a letter".to_owned(),
            Prompt::ToMark => {
                let letters: Vec<String> = self.marks.keys().map(char::to_string).collect();
                format!("go to mark: {}", letters.join(" "))
            }
            Prompt::Copy => "copy: f field  h hex  d display filter".to_owned(),
        };
        bars::message(&mut canvas, &self.theme, &text, !plan.hints_on_top);
    }

    /// All fields where there is room for them, or where the pane was made large to see them.
    fn detail(&self) -> Detail {
        let plan = self.plan(Rect::new(0, 0, self.size.0, self.size.1));
        let fields = plan.panes.iter().find(|(id, _)| *id == PaneId::Fields);
        match fields {
            _ if self.zoom => Detail::All,
            Some((_, rect)) if rect.height >= ROOM_FOR_ALL => Detail::All,
            _ => Detail::Brief,
        }
    }

    /// The connection over time, if that is on the screen.
    fn graphs(&self, scene: &Scene) -> Option<Graphs> {
        let plan = self.plan(Rect::new(0, 0, self.size.0, self.size.1));
        let is_shown = plan.panes.iter().any(|(id, _)| *id == PaneId::Graphs);
        is_shown
            .then(|| self.walk.graphs(scene.at, scene.grain, self.graph))
            .flatten()
    }

    /// Runs `f` with what panes draw from; not at all if the walk has no step.
    pub(super) fn with_cx<R>(&self, large: bool, f: impl FnOnce(&Cx<'_>) -> R) -> Option<R> {
        let scene = self.scene.as_ref()?;
        let rows = select::rows(scene, &self.selection, self.numbers, self.detail());
        let chosen = Chosen::look_up(&self.walk, scene, &rows, &self.selection);
        let graphs = self.graphs(scene);
        Some(f(&Cx {
            scene,
            graphs: graphs.as_ref(),
            rows: &rows,
            chosen: chosen.as_ref(),
            selection: &self.selection,
            theme: &self.theme,
            numbers: self.numbers,
            depth: self.depth,
            focus: self.focus,
            large,
            zoom: self.zoom,
        }))
    }
}

/// The rows of an overlay: its rule, and the one after its last.
fn overlay_rows(area: Rect, plan: &Plan) -> (u16, u16) {
    let top = plan.title.height + plan.phases.height;
    let end = if plan.footer.is_empty() {
        area.height
    } else {
        plan.footer.y
    };
    (top.min(area.height), end.max(top))
}

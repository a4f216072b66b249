//! Where everything stands at a size. A step moves nothing: the plan knows the size, the view and how many
//! branches the map has, not the step.
//!
//! ```text
//! small, from 80x24                    large, from 118x38
//! title                                title
//! phases                               phases
//! ──2 Ladder────────┬─5 Ends─────      ──1 Map──────────┬─5 Ends────────
//!                   │ (or 1, 3, 6)                      │
//! ──4 Fields────────┼─3 Layers───      ──2 Ladder───────┤
//!                   │ bytes                             ├─6 Sequence────
//! ──7 Why────────────────────────                       ├─3 Layers──────
//!                                      ──4 Fields───────┼─4 Bytes───────
//! ───────────────────────────────      ──7 Why──────────┴───────────────
//! hints                                hints
//! ```
//!
//! A wide pane (8, 9) stands in the place of all but the why in the small form, and of 4 in the large one. Below these sizes:
//! one pane, and the why where there is room.

use ratatui::layout::Rect;

use super::panes::PaneId;

/// Where everything stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The line on top.
    pub title: Rect,
    /// The phase bar; empty where there is no room.
    pub phases: Rect,
    /// The panes, without their rules.
    pub panes: Vec<(PaneId, Rect)>,
    /// The rules across, each a row and columns from and to.
    pub rules: Vec<(u16, u16, u16)>,
    /// The rules down, each a column and rows from and to (both with a rule across on them).
    pub walls: Vec<(u16, u16, u16)>,
    /// The line of hints; empty where there is no room.
    pub footer: Rect,
    /// Help and quit stand in the title, not in the footer.
    pub hints_on_top: bool,
    /// The panes stand in the large form.
    pub large: bool,
}

/// What the plan depends on beside the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The pane with the focus.
    pub focus: PaneId,
    /// The pane beside the ladder in the small form.
    pub side: PaneId,
    /// The pane in the place of several.
    pub wide: Option<PaneId>,
    /// The focus alone.
    pub zoom: bool,
    /// How many rows the map wants in the large form below the path between two hosts.
    pub branches: u16,
}

/// The plan for a screen of `width` columns and `height` rows.
pub fn plan(width: u16, height: u16, wish: Wish) -> Plan {
    if wish.zoom {
        single(width, height, wish.focus, false)
    } else if width >= 118 && height >= 38 {
        large(width, height, wish)
    } else if width >= 80 && height >= 24 {
        small(width, height, wish)
    } else {
        single(width, height, wish.focus, true)
    }
}

fn small(width: u16, height: u16, wish: Wish) -> Plan {
    let side = wish.side;
    let wall = width / 2 + 2;
    let extra = height - 24;
    let why = 5 + (extra / 8).min(3);
    let ladder = 6 + (extra - (why - 5)).div_ceil(2);
    let fields = height - 7 - why - ladder;
    let [top, middle, low] = [2, 3 + ladder, 4 + ladder + fields];
    let right = width - wall - 1;
    let bars = Plan {
        title: Rect::new(0, 0, width, 1),
        phases: Rect::new(0, 1, width, 1),
        footer: Rect::new(0, height - 1, width, 1),
        ..Plan::default()
    };
    if let Some(wide) = wish.wide {
        return Plan {
            panes: vec![
                (wide, Rect::new(0, top + 1, width, low - top - 1)),
                (PaneId::Why, Rect::new(0, low + 1, width, why)),
            ],
            rules: vec![(top, 0, width), (low, 0, width), (height - 2, 0, width)],
            ..bars
        };
    }
    Plan {
        panes: vec![
            (PaneId::Ladder, Rect::new(0, top + 1, wall, ladder)),
            (side, Rect::new(wall + 1, top + 1, right, ladder)),
            (PaneId::Fields, Rect::new(0, middle + 1, wall, fields)),
            (
                PaneId::Bytes,
                Rect::new(wall + 1, middle + 1, right, fields),
            ),
            (PaneId::Why, Rect::new(0, low + 1, width, why)),
        ],
        rules: vec![
            (top, 0, width),
            (middle, 0, width),
            (low, 0, width),
            (height - 2, 0, width),
        ],
        walls: vec![(wall, top, low)],
        ..bars
    }
}

fn large(width: u16, height: u16, wish: Wish) -> Plan {
    let wide = wish.wide;
    let wall = width / 2 + 2;
    let right = width - wall - 1;
    let why = 5 + (height - 38) / 10;
    // Title, phases, three rules and the hints take six rows.
    let fields = 12 + height.saturating_sub(40) * 2 / 5 - u16::from(height < 40);
    let upper = height - 6 - why - fields;
    let map = 3 + wish.branches.min(upper / 8);
    let [top, low, last] = [2, 3 + upper, 4 + upper + fields];
    let [ends, layers] = split_right(upper - 2);
    let [seq_rule, layers_rule] = [top + 1 + ends, low - 1 - layers];
    let seq = layers_rule - seq_rule - 1;
    let ladder_rule = top + 1 + map;
    let detail = match wide {
        Some(wide) => vec![(wide, Rect::new(0, low + 1, width, fields))],
        None => vec![
            (PaneId::Fields, Rect::new(0, low + 1, wall, fields)),
            (PaneId::Bytes, Rect::new(wall + 1, low + 1, right, fields)),
        ],
    };
    let mut plan = Plan {
        title: Rect::new(0, 0, width, 1),
        phases: Rect::new(0, 1, width, 1),
        panes: vec![
            (PaneId::Map, Rect::new(0, top + 1, wall, map)),
            (
                PaneId::Ladder,
                Rect::new(0, ladder_rule + 1, wall, low - ladder_rule - 1),
            ),
            (PaneId::Ends, Rect::new(wall + 1, top + 1, right, ends)),
            (PaneId::Seq, Rect::new(wall + 1, seq_rule + 1, right, seq)),
            (
                PaneId::Layers,
                Rect::new(wall + 1, layers_rule + 1, right, layers),
            ),
        ],
        rules: vec![
            (top, 0, width),
            (ladder_rule, 0, wall),
            (seq_rule, wall + 1, width),
            (layers_rule, wall + 1, width),
            (low, 0, width),
            (last, 0, width),
        ],
        walls: vec![(wall, top, if wide.is_some() { low } else { last })],
        footer: Rect::new(0, height - 1, width, 1),
        hints_on_top: true,
        large: true,
    };
    plan.panes.extend(detail);
    plan.panes
        .push((PaneId::Why, Rect::new(0, last + 1, width, why)));
    plan
}

/// The rows of the ends and of the layers; the sequence space takes what is left of `rows`.
fn split_right(rows: u16) -> [u16; 2] {
    let extra = rows.saturating_sub(15);
    let layers = 4 + extra.min(3);
    [5 + (extra - extra.min(3)) / 2, layers]
}

/// One pane, and below it the why where there is room and it was asked for.
fn single(width: u16, height: u16, focus: PaneId, with_why: bool) -> Plan {
    let mut plan = Plan {
        title: Rect::new(0, 0, width, height.min(1)),
        ..Plan::default()
    };
    let mut top = height.min(1);
    if height >= 10 {
        plan.phases = Rect::new(0, top, width, 1);
        top += 1;
    }
    let mut end = height;
    if height >= 4 {
        end -= 1;
        plan.footer = Rect::new(0, end, width, 1);
    } else {
        plan.hints_on_top = true;
    }
    if with_why && focus != PaneId::Why && height >= 9 {
        let why = if height >= 18 { 5 } else { 2 };
        let rule = end - why - 1;
        plan.panes
            .push((PaneId::Why, Rect::new(0, rule + 1, width, why)));
        plan.rules.push((rule, 0, width));
        end = rule;
    }
    if height >= 6 {
        plan.rules.push((top, 0, width));
        top += 1;
    }
    if end > top {
        plan.panes
            .push((focus, Rect::new(0, top, width, end - top)));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing overlaps, nothing stands outside, at any size and whatever has the focus.
    #[test]
    fn nothing_overlaps_at_any_size() {
        for width in 1..=220u16 {
            for height in 1..=70u16 {
                for (focus, zoom) in PaneId::ALL
                    .iter()
                    .flat_map(|&focus| [(focus, false), (focus, true)])
                {
                    let wish = Wish {
                        focus,
                        side: PaneId::Ends,
                        wide: focus.is_wide().then_some(focus),
                        zoom,
                        branches: width % 5,
                    };
                    check(width, height, &plan(width, height, wish));
                }
            }
        }
    }

    fn check(width: u16, height: u16, plan: &Plan) {
        let mut rects: Vec<Rect> = plan.panes.iter().map(|(_, rect)| *rect).collect();
        rects.extend([plan.title, plan.phases, plan.footer]);
        rects.extend(
            plan.rules
                .iter()
                .map(|&(y, from, to)| Rect::new(from, y, to - from, 1)),
        );
        rects.retain(|rect| !rect.is_empty());
        for (i, a) in rects.iter().enumerate() {
            assert!(
                a.right() <= width && a.bottom() <= height,
                "{width}x{height}: {plan:?}"
            );
            for b in &rects[i + 1..] {
                assert!(
                    !a.intersects(*b),
                    "{width}x{height}: {a} and {b} in {plan:?}"
                );
            }
        }
    }

    #[test]
    fn the_drawn_sizes_have_the_drawn_rows() {
        let wish = Wish {
            focus: PaneId::Ladder,
            side: PaneId::Ends,
            wide: None,
            zoom: false,
            branches: 0,
        };
        let rows = |width, height| -> Vec<(PaneId, u16, u16)> {
            let plan = plan(width, height, wish);
            plan.panes
                .iter()
                .map(|(id, rect)| (*id, rect.y, rect.height))
                .collect()
        };
        assert_eq!(
            rows(80, 24),
            [
                (PaneId::Ladder, 3, 6),
                (PaneId::Ends, 3, 6),
                (PaneId::Fields, 10, 6),
                (PaneId::Bytes, 10, 6),
                (PaneId::Why, 17, 5),
            ]
        );
        assert_eq!(
            rows(120, 40),
            [
                (PaneId::Map, 3, 3),
                (PaneId::Ladder, 7, 13),
                (PaneId::Ends, 3, 5),
                (PaneId::Seq, 9, 6),
                (PaneId::Layers, 16, 4),
                (PaneId::Fields, 21, 12),
                (PaneId::Bytes, 21, 12),
                (PaneId::Why, 34, 5),
            ]
        );
    }
}

//! 1 Map: the nodes, the links between them, and where the frame is.
//!
//! ```text
//! [ada]────1 ms────[ switch ]────9 ms────[server]     the way between the two hosts of the step
//! 192.168.20.21         │          192.168.20.80
//!      SYN ====>        │                             the frame
//!                [ben]──┴──[cyd]                      what else hangs from it
//! ```

mod branches;

use super::{Cx, Pane};
use crate::base::NodeId;
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::view::{Map, MapAt, MapLink, MapNode};

/// The row of the frame, and the first one of what hangs from the path.
const FRAME_ROW: usize = 2;
const FIRST_BRANCH_ROW: usize = 3;

/// The map's state: none.
#[derive(Debug, Default)]
pub struct MapPane;

impl Pane for MapPane {
    fn title(&self, _: &Cx<'_>, _: usize) -> String {
        "1 Map".to_owned()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let map = &cx.scene.map;
        let places = places(cx, canvas.width());
        for (i, place) in places.iter().enumerate() {
            canvas.put(place.x, 0, &place.text, cx.theme.style(Role::Strong));
            if let Some(next) = places.get(i + 1) {
                draw_link(cx, canvas, place, next);
            }
        }
        let drawn = branches::draw(cx, canvas, &places);
        draw_addresses(cx, canvas, &places);
        draw_frame(cx, canvas, &places);
        draw_other_links(cx, canvas, map, &drawn);
    }
}

/// Where a node stands.
struct Place {
    node: NodeId,
    x: usize,
    text: String,
}

impl Place {
    fn end(&self) -> usize {
        self.x + width(&self.text)
    }

    fn middle(&self) -> usize {
        (self.x + self.end()) / 2
    }
}

/// The nodes of the path side by side, over the whole width.
fn places(cx: &Cx<'_>, columns: usize) -> Vec<Place> {
    let map = &cx.scene.map;
    let nodes: Vec<&MapNode> = map.path.iter().filter_map(|id| map.node(*id)).collect();
    let whole: usize = nodes
        .iter()
        .map(|node| width(&boxed(cx, node, usize::MAX)) + 2)
        .sum();
    let share = match columns.saturating_sub(4) / nodes.len().max(1) {
        _ if whole + 2 <= columns => usize::MAX,
        share => share.saturating_sub(2),
    };
    let boxes: Vec<(NodeId, String)> = nodes
        .iter()
        .map(|node| (node.id, boxed(cx, node, share)))
        .collect();
    let used: usize = boxes.iter().map(|(_, text)| width(text)).sum();
    let gaps = boxes.len().saturating_sub(1).max(1);
    let gap = (columns.saturating_sub(used + 4) / gaps).clamp(2, 28);
    let mut x = if columns > 40 { 3 } else { 1 };
    let mut places = Vec::new();
    for (node, text) in boxes {
        let place = Place { node, x, text };
        x = place.end() + gap;
        places.push(place);
    }
    places
}

/// A host, or with more room around its name what only hands frames on; in at most `columns` columns.
fn boxed(cx: &Cx<'_>, node: &MapNode, columns: usize) -> String {
    let room = |border: usize| columns.saturating_sub(border).max(1);
    let name = |room| words::fit_name(&cx.theme.safe(&node.name), room);
    if node.is_host {
        format!("[{}]", name(room(2)))
    } else {
        format!("[ {} ]", name(room(4)))
    }
}

/// The addresses under their nodes, each as far as the next one leaves room.
fn draw_addresses(cx: &Cx<'_>, canvas: &mut Canvas<'_>, places: &[Place]) {
    let mut end = canvas.width();
    for (i, place) in places.iter().enumerate().rev() {
        let Some(node) = cx.scene.map.node(place.node) else {
            continue;
        };
        // In a capture a node's name is its address.
        if node.address.is_empty() || node.address == node.name {
            continue;
        }
        let address = cx.theme.safe(&node.address);
        // The last address stands further left where it is longer than its box.
        let x = if i + 1 == places.len() {
            place.x.min(end.saturating_sub(width(&address)))
        } else {
            place.x
        };
        let text = fit(&address, end.saturating_sub(x));
        canvas.put(x, 1, &text, cx.theme.style(Role::Text));
        end = x.saturating_sub(1);
    }
}

/// The line between two neighbours, with its words where they fit.
fn draw_link(cx: &Cx<'_>, canvas: &mut Canvas<'_>, left: &Place, right: &Place) {
    let Some(link) = cx.scene.map.link(left.node, right.node) else {
        return;
    };
    let (from, to) = (left.end(), right.x);
    canvas.put(from, 0, &"─".repeat(to - from), cx.theme.style(Role::Rule));
    let label = cx.theme.safe(&link.label);
    let room = (to - from).saturating_sub(4);
    for text in [&*label, delay(&label)] {
        if width(text) <= room {
            let x = from + (to - from - width(text)) / 2;
            canvas.put(x, 0, text, cx.theme.style(Role::Text));
            break;
        }
    }
}

/// Of `10 ms, 100 Mbit/s` the delay alone.
fn delay(label: &str) -> &str {
    label.split(',').next().unwrap_or_default()
}

/// Whether the frame is in the node, or on a link of it.
fn is_at(at: MapAt, node: NodeId) -> bool {
    match at {
        MapAt::Nowhere => false,
        MapAt::Node(id) => id == node,
        MapAt::Link(from, to) | MapAt::Lost(from, to) => from == node || to == node,
    }
}

/// The frame under the link or the node where it is; where that hangs from the path, in words.
fn draw_frame(cx: &Cx<'_>, canvas: &mut Canvas<'_>, places: &[Place]) {
    let map = &cx.scene.map;
    let label = cx.theme.fit(&map.label, canvas.width() / 2);
    let find = |id: NodeId| places.iter().find(|place| place.node == id);
    let name = |id: NodeId| {
        map.node(id)
            .map_or_else(String::new, |node| cx.theme.safe(&node.name).into_owned())
    };
    let lost = matches!(map.at, MapAt::Lost(..));
    let role = if lost { Role::Error } else { Role::Changed };
    let (text, middle) = match map.at {
        MapAt::Nowhere => return,
        MapAt::Node(id) => match find(id) {
            Some(place) => (format!("^ {label}"), place.middle() + width(&label) / 2),
            None => (format!("in {}: {label}", name(id)), canvas.width() / 2),
        },
        MapAt::Link(from, to) | MapAt::Lost(from, to) => match (find(from), find(to)) {
            (Some(a), Some(b)) => {
                let text = match (lost, a.x < b.x) {
                    (true, true) => format!("==X {label} lost"),
                    (true, false) => format!("X== {label} lost"),
                    (false, true) => format!("{label} ====>"),
                    (false, false) => format!("<==== {label}"),
                };
                let (left, right) = if a.x < b.x { (a, b) } else { (b, a) };
                (text, left.end().midpoint(right.x))
            }
            _ => {
                let arrow = if lost { "==X" } else { "==>" };
                let end = if lost { " lost" } else { "" };
                let text = format!("{} {arrow} {}: {label}{end}", name(from), name(to));
                (text, canvas.width() / 2)
            }
        },
    };
    let text = fit(&text, canvas.width());
    let x = middle
        .saturating_sub(width(&text) / 2)
        .min(canvas.width() - width(&text));
    canvas.put(x, FRAME_ROW, &text, cx.theme.style(role));
}

/// Links that were not drawn, one a line below.
fn draw_other_links(cx: &Cx<'_>, canvas: &mut Canvas<'_>, map: &Map, drawn: &[[NodeId; 2]]) {
    let is_drawn = |link: &&MapLink| {
        let joins = |[a, b]: [NodeId; 2]| link.ends == [a, b] || link.ends == [b, a];
        drawn.iter().any(|ends| joins(*ends))
            || map.path.windows(2).any(|ends| joins([ends[0], ends[1]]))
    };
    let rows = drawn.len().div_ceil(2);
    let name = |id| map.node(id).map_or("", |node| &node.name);
    let others = map.links.iter().filter(|link| !is_drawn(link));
    for (y, link) in (FIRST_BRANCH_ROW + rows..canvas.height()).zip(others) {
        let [a, b] = link.ends.map(name);
        let text = format!("{a} -- {b}  {}", link.label);
        canvas.put(3, y, &cx.theme.safe(&text), cx.theme.style(Role::Text));
    }
}

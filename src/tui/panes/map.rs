//! 1 Map: the nodes, the links between them, and where the frame is.

use super::{Cx, Pane};
use crate::base::NodeId;
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::theme::Role;
use crate::walk::view::{Map, MapAt};

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
                draw_link(cx, canvas, i, place.end(), next.x);
            }
        }
        draw_addresses(cx, canvas, &places);
        draw_at(cx, canvas, &places);
        draw_other_links(cx, canvas, map);
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

/// The nodes side by side, over the whole width.
fn places(cx: &Cx<'_>, columns: usize) -> Vec<Place> {
    let nodes = &cx.scene.map.nodes;
    let share = columns.saturating_sub(4) / nodes.len().max(1);
    let boxes: Vec<(NodeId, String)> = nodes
        .iter()
        .map(|node| {
            let name = fit(&cx.theme.safe(&node.name), share.saturating_sub(3).max(1));
            let text = if node.is_host {
                format!("[{name}]")
            } else {
                format!("[ {name} ]")
            };
            (node.id, text)
        })
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

/// The addresses under their nodes, each as far as the next one leaves room.
fn draw_addresses(cx: &Cx<'_>, canvas: &mut Canvas<'_>, places: &[Place]) {
    let mut end = canvas.width();
    for (i, place) in places.iter().enumerate().rev() {
        let node = &cx.scene.map.nodes[i];
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

/// The line between the neighbours `i` and `i + 1`, with its words where they fit.
fn draw_link(cx: &Cx<'_>, canvas: &mut Canvas<'_>, i: usize, from: usize, to: usize) {
    let map = &cx.scene.map;
    let Some(link) = map
        .links
        .iter()
        .find(|link| joins(link.ends, map, i, i + 1))
    else {
        return;
    };
    canvas.put(from, 0, &"─".repeat(to - from), cx.theme.style(Role::Rule));
    let label = cx.theme.safe(&link.label);
    // Of `10 ms, 100 Mbit/s` the delay alone where both are too long.
    let short = label.split(',').next().unwrap_or_default();
    let room = (to - from).saturating_sub(4);
    for text in [&*label, short] {
        if width(text) <= room {
            let x = from + (to - from - width(text)) / 2;
            canvas.put(x, 0, text, cx.theme.style(Role::Text));
            break;
        }
    }
}

fn joins(ends: [NodeId; 2], map: &Map, a: usize, b: usize) -> bool {
    let (a, b) = (map.nodes[a].id, map.nodes[b].id);
    ends == [a, b] || ends == [b, a]
}

/// The frame under the link or the node where it is.
fn draw_at(cx: &Cx<'_>, canvas: &mut Canvas<'_>, places: &[Place]) {
    let map = &cx.scene.map;
    let label = cx.theme.fit(&map.label, canvas.width() / 2);
    let find = |id: NodeId| places.iter().find(|place| place.node == id);
    let (text, middle, role) = match map.at {
        MapAt::Nowhere => return,
        MapAt::Node(id) => {
            let Some(place) = find(id) else { return };
            (
                format!("^ {label}"),
                place.middle() + width(&label) / 2,
                Role::Changed,
            )
        }
        MapAt::Link(from, to) | MapAt::Lost(from, to) => {
            let (Some(a), Some(b)) = (find(from), find(to)) else {
                return;
            };
            let lost = matches!(map.at, MapAt::Lost(..));
            let text = match (lost, a.x < b.x) {
                (true, true) => format!("==X {label} lost"),
                (true, false) => format!("X== {label} lost"),
                (false, true) => format!("{label} ====>"),
                (false, false) => format!("<==== {label}"),
            };
            let (left, right) = if a.x < b.x { (a, b) } else { (b, a) };
            let middle = (left.end() + right.x) / 2;
            (text, middle, if lost { Role::Error } else { Role::Changed })
        }
    };
    let text = fit(&text, canvas.width());
    let x = middle
        .saturating_sub(width(&text) / 2)
        .min(canvas.width() - width(&text));
    canvas.put(x, 2, &text, cx.theme.style(role));
}

/// Links between nodes that do not stand side by side, one a line below.
fn draw_other_links(cx: &Cx<'_>, canvas: &mut Canvas<'_>, map: &Map) {
    let beside = |ends| (1..map.nodes.len()).any(|i| joins(ends, map, i - 1, i));
    let name = |id| {
        map.nodes
            .iter()
            .find(|node| node.id == id)
            .map_or("", |node| &node.name)
    };
    let others = map.links.iter().filter(|link| !beside(link.ends));
    for (y, link) in (4..canvas.height()).zip(others) {
        let [a, b] = link.ends.map(name);
        let text = format!("{a} -- {b}  {}", link.label);
        canvas.put(3, y, &cx.theme.safe(&text), cx.theme.style(Role::Text));
    }
}

//! What hangs from the path of the map, two on a row: `[ben]──┴──[cyd]`.

use super::{FIRST_BRANCH_ROW, Place, boxed, delay, is_at};
use crate::base::NodeId;
use crate::tui::canvas::{Canvas, width};
use crate::tui::panes::Cx;
use crate::tui::theme::Role;
use crate::walk::view::Branch;

/// Draws all branches that have room, and answers with the links that it drew.
pub fn draw(cx: &Cx<'_>, canvas: &mut Canvas<'_>, places: &[Place]) -> Vec<[NodeId; 2]> {
    let has_branch = |place: &&Place| of(cx, place.node).next().is_some();
    let forks: Vec<&Place> = places.iter().filter(has_branch).collect();
    let mut drawn = Vec::new();
    for (i, place) in forks.iter().enumerate() {
        let middle = place.middle();
        // Half of the way to the next fork.
        let before = i.checked_sub(1).map(|i| forks[i].middle());
        let after = forks.get(i + 1).map(|fork| fork.middle());
        let room = [
            middle - before.map_or(0, |before| before.midpoint(middle) + 1),
            after.map_or(canvas.width(), |after| after.midpoint(middle)) - middle - 1,
        ];
        draw_fork(cx, canvas, place, room, &mut drawn);
    }
    drawn
}

fn of<'a>(cx: &Cx<'a>, from: NodeId) -> impl Iterator<Item = &'a Branch> {
    let branches = cx.scene.map.branches.iter();
    branches.filter(move |branch| branch.from == from)
}

/// The branches of one node, with so many columns on its left and on its right.
fn draw_fork(
    cx: &Cx<'_>,
    canvas: &mut Canvas<'_>,
    place: &Place,
    room: [usize; 2],
    drawn: &mut Vec<[NodeId; 2]>,
) {
    let rule = cx.theme.style(Role::Rule);
    let middle = place.middle();
    let hanging: Vec<&Branch> = of(cx, place.node).collect();
    let rows = canvas.height().saturating_sub(FIRST_BRANCH_ROW);
    let mut pairs = hanging
        .chunks(2)
        .zip(FIRST_BRANCH_ROW..)
        .take(rows)
        .peekable();
    let mut top = 1;
    while let Some((pair, y)) = pairs.next() {
        // One alone hangs on the right.
        let sides = if pair.len() == 2 { [0, 1] } else { [1, 0] };
        let mut has = [false; 2];
        for (branch, side) in pair.iter().zip(sides) {
            let Some(text) = arm(cx, branch, side == 0, room[side]) else {
                continue;
            };
            has[side] = true;
            let x = [middle.saturating_sub(width(&text)), middle + 1][side];
            let is_here = branch
                .nodes
                .iter()
                .any(|node| is_at(cx.scene.map.at, *node));
            let role = if is_here { Role::Changed } else { Role::Strong };
            canvas.put(x, y, &text, cx.theme.style(role));
            drawn.extend(way(branch).windows(2).map(|two| [two[0], two[1]]));
        }
        let Some(joint) = joint(has, pairs.peek().is_none()) else {
            return;
        };
        for y in top..y {
            canvas.put(middle, y, "│", rule);
        }
        canvas.put(middle, y, joint, rule);
        top = y + 1;
    }
}

/// Where the branches on the left and on the right meet what comes from above.
fn joint(has: [bool; 2], is_last: bool) -> Option<&'static str> {
    Some(match (has, is_last) {
        ([true, true], true) => "┴",
        ([true, true], false) => "┼",
        ([true, false], true) => "┘",
        ([true, false], false) => "┤",
        ([false, true], true) => "└",
        ([false, true], false) => "├",
        ([false, false], _) => return None,
    })
}

/// The nodes from the one of the path outward.
fn way(branch: &Branch) -> Vec<NodeId> {
    std::iter::once(branch.from)
        .chain(branch.nodes.iter().copied())
        .collect()
}

/// A branch from its joint outward: `──1 ms──[cyd] 192.168.20.23`, or of it what has room.
fn arm(cx: &Cx<'_>, branch: &Branch, is_left: bool, room: usize) -> Option<String> {
    let last = cx.scene.map.node(*branch.nodes.last()?)?;
    let address = cx.theme.safe(&last.address);
    [(true, &*address), (false, &address), (false, "")]
        .into_iter()
        .map(|(with_delays, address)| {
            let mut pieces = pieces(cx, branch, with_delays);
            if !address.is_empty() {
                pieces.push(format!(" {address} "));
            }
            if is_left {
                pieces.reverse();
            }
            pieces.concat()
        })
        .find(|text| width(text) <= room)
}

/// Cable, node, cable, node.
fn pieces(cx: &Cx<'_>, branch: &Branch, with_delays: bool) -> Vec<String> {
    let map = &cx.scene.map;
    let mut pieces = Vec::new();
    for two in way(branch).windows(2) {
        let label = map.link(two[0], two[1]).map_or("", |link| &link.label);
        let label = cx.theme.safe(label);
        let delay = if with_delays { delay(&label) } else { "" };
        let end = if delay.is_empty() { "" } else { "──" };
        pieces.push(format!("──{delay}{end}"));
        pieces.extend(map.node(two[1]).map(|node| boxed(cx, node, usize::MAX)));
    }
    pieces
}

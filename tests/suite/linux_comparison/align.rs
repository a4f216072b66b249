//! Two ladders beside each other: which row of the one is which row of the other, and in what they differ.

use super::ladder::{Ladder, Row};

/// In what a pair of rows can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum In {
    /// Only Linux sends it.
    LinuxAlone,
    /// Only layerwalk sends it.
    OursAlone,
    Flags,
    Numbers,
    Length,
    Window,
    Options,
    When,
    Lost,
}

/// A row of each ladder, or of one alone.
#[derive(Debug, Clone)]
pub struct Pair {
    pub linux: Option<Row>,
    pub ours: Option<Row>,
}

impl Pair {
    /// In what the two differ.
    pub fn differences(&self) -> Vec<In> {
        match (&self.linux, &self.ours) {
            (Some(linux), Some(ours)) => between(linux, ours),
            (Some(_), None) => vec![In::LinuxAlone],
            (None, _) => vec![In::OursAlone],
        }
    }
}

fn between(linux: &Row, ours: &Row) -> Vec<In> {
    let parts = [
        (In::Flags, linux.flags != ours.flags),
        (In::Numbers, (linux.seq, linux.ack) != (ours.seq, ours.ack)),
        (In::Length, linux.len != ours.len),
        (In::Window, linux.window != ours.window),
        (In::Options, linux.options != ours.options),
        (In::When, linux.when != ours.when),
        (In::Lost, linux.lost != ours.lost),
    ];
    let differing = parts.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(part, _)| part).collect()
}

/// Pairs the rows so that as little as possible differs. Rows of different directions are never a pair.
pub fn align(linux: &Ladder, ours: &Ladder) -> Vec<Pair> {
    let (linux, ours) = (&linux.0, &ours.0);
    // The least that differs from these two rows on.
    let mut cost = vec![vec![0; ours.len() + 1]; linux.len() + 1];
    for i in (0..=linux.len()).rev() {
        for j in (0..=ours.len()).rev() {
            let steps = steps(linux.get(i), ours.get(j));
            let costs = steps.map(|(di, dj, own)| own + cost[i + di][j + dj]);
            cost[i][j] = costs.min().unwrap_or(0);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < linux.len() || j < ours.len() {
        let mut steps = steps(linux.get(i), ours.get(j));
        let least =
            |&(di, dj, own): &(usize, usize, usize)| cost[i][j] == own + cost[i + di][j + dj];
        let (di, dj, _) = steps.find(least).expect("one of them is the least");
        pairs.push(Pair {
            linux: (di == 1).then(|| linux[i].clone()),
            ours: (dj == 1).then(|| ours[j].clone()),
        });
        (i, j) = (i + di, j + dj);
    }
    pairs
}

/// What can be done with the next two rows: pair them, or leave one of them alone; and what that costs.
fn steps(linux: Option<&Row>, ours: Option<&Row>) -> impl Iterator<Item = (usize, usize, usize)> {
    const ALONE: usize = 4;
    const NUMBERS: usize = 3;
    let same_way = linux
        .zip(ours)
        .filter(|(linux, ours)| linux.to_right == ours.to_right);
    let pair = same_way.map(|(linux, ours)| {
        let differences = between(linux, ours);
        let weigh = |part: &In| if *part == In::Numbers { NUMBERS } else { 1 };
        (1, 1, differences.iter().map(weigh).sum())
    });
    let linux_alone = linux.map(|_| (1, 0, ALONE));
    let ours_alone = ours.map(|_| (0, 1, ALONE));
    [pair, linux_alone, ours_alone].into_iter().flatten()
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |row: &Option<Row>| row.as_ref().map_or("nothing".into(), Row::to_string);
        write!(
            f,
            "Linux {} | layerwalk {}",
            text(&self.linux),
            text(&self.ours)
        )
    }
}

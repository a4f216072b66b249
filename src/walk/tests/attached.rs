//! Walks that grow while their world runs, and worlds of which some hosts are real.

use super::drawn;
use crate::base::{NodeId, RecordId, Time};
use crate::sim::World;
use crate::sim::outcome::{Outcome, Piece};
use crate::sim::spec::Spec;
use crate::stack::record::TcpState;
use crate::walk::Walk;
use crate::walk::graph::{Choice, Quantity};
use crate::walk::step::{Grain, StepId};
use crate::walk::view::Numbers;
use crate::{scenario, sim};

fn before_the_first_event(spec: &Spec) -> Outcome {
    World::new(spec).into_outcome()
}

/// The pieces of a run, each of so many events as `sizes` say in turn.
fn pieces(spec: &Spec, sizes: &[usize]) -> Vec<Piece> {
    let mut world = World::new(spec);
    let mut sizes = sizes.iter().cycle();
    let mut pieces = Vec::new();
    let mut runs = true;
    while runs {
        for _ in 0..*sizes.next().expect("a size") {
            runs = runs && world.step();
        }
        pieces.push(world.take_piece());
    }
    pieces
}

/// What a step is, whatever is learned of it later.
fn identity(walk: &Walk) -> Vec<(Option<RecordId>, Time, Option<NodeId>)> {
    let steps = walk.steps().iter();
    steps
        .map(|step| (step.record, step.time, step.node))
        .collect()
}

/// Everything about the steps, and what some of them show.
fn told(walk: &Walk) -> String {
    let every = (walk.steps().len() / 6).max(1);
    let at = (0..walk.steps().len()).step_by(every);
    let last = walk.last(Grain::Layer);
    let at = at.map(|index| StepId(index as u32)).chain(last);
    let shown = at.map(|at| {
        let graphs = walk.graphs(at, Grain::Frame, Choice::default());
        let note = walk.note(at).map(|note| &note.text);
        format!("{}\n{graphs:?}\n{note:?}\n", drawn(walk, at))
    });
    let steps = (&walk.steps, &walk.frame_steps, &walk.outcome);
    format!("{steps:#?}\n{}", shown.collect::<String>())
}

/// In pieces of every size: no step is ever another one, and at the end it is all the same.
#[test]
fn a_walk_that_grew_is_the_walk_that_was_made_at_once() {
    for scenario in scenario::catalogue() {
        let spec = scenario.spec(None);
        let at_once = Walk::from_outcome("test", 7, sim::run(&spec)).with_lesson(scenario);
        let all = identity(&at_once);
        let source = at_once.source.clone();
        let mut walk = Walk::told("test", source, before_the_first_event(&spec));
        walk = walk.with_lesson(scenario);
        for piece in pieces(&spec, &[1, 2, 40, 7, 301]) {
            walk.append(piece);
            assert!(all.starts_with(&identity(&walk)), "{}", scenario.name);
        }
        walk.finish();
        assert!(told(&walk) == told(&at_once), "{}", scenario.name);
    }
}

/// What was drawn of a step stays, but of the last ones.
#[test]
fn what_follows_changes_little_of_what_there_is() {
    let spec = scenario::find("websocket").expect("built in").spec(None);
    let mut walk = Walk::attached("test", "tap0", before_the_first_event(&spec));
    let mut before: Vec<String> = Vec::new();
    for piece in pieces(&spec, &[20]) {
        walk.append(piece);
        let settled = before.len().saturating_sub(60);
        for (step, before) in walk.steps().iter().zip(&before[..settled]) {
            assert_eq!(format!("{step:?}"), *before);
        }
        let steps = walk.steps().iter();
        before = steps.map(|step| format!("{step:?}")).collect();
    }
    assert!(before.len() > 200);
}

/// The client and the server of a scenario, each in a world of its own in which the other one is real, and the walks of
/// both.
struct Apart {
    worlds: [World; 2],
    walks: [Walk; 2],
}

/// The hosts of both worlds; the first is real in the first.
const HOSTS: [NodeId; 2] = [NodeId(0), NodeId(1)];

impl Apart {
    /// Lets both run at one pace, and hands frames over, for so many milliseconds.
    fn run(name: &str, millis: u64) -> Self {
        let spec = scenario::find(name).expect("built in").spec(None);
        let specs = HOSTS.map(|real| {
            let mut spec = spec.clone();
            spec.make_real(real).expect("a host");
            spec
        });
        let walk = |spec: &Spec| Walk::attached(name, "tap0", before_the_first_event(spec));
        let mut apart = Self {
            worlds: [0, 1].map(|world| World::new(&specs[world])),
            walks: [0, 1].map(|world| walk(&specs[world])),
        };
        for now in 0..millis {
            apart.go_on(Time(now * 1_000_000));
        }
        for walk in &mut apart.walks {
            walk.finish();
        }
        apart
    }

    /// What comes to the real client of the one is what the real server of the other sends, and the reverse.
    fn go_on(&mut self, now: Time) {
        for world in &mut self.worlds {
            assert!(world.run_until(now, 10_000));
        }
        for (world, other) in [(0, 1), (1, 0)] {
            while let Some(frame) = self.worlds[world].take_delivered(HOSTS[world]) {
                self.worlds[other].inject(HOSTS[other], &frame);
            }
        }
        for (world, walk) in self.worlds.iter_mut().zip(&mut self.walks) {
            walk.append(world.take_piece());
        }
    }
}

/// A row of the ends at a step.
fn row(walk: &Walk, at: StepId, name: &str) -> [String; 2] {
    let ends = walk.ends(at, Grain::Frame, Numbers::Relative);
    let mut rows = ends.expect("a connection").rows.into_iter();
    rows.find(|row| row.name == name).expect("the row").values
}

/// Of the simulated end everything is known, and of the real one what its frames say: that is true, as its own world
/// knows.
#[test]
fn of_a_real_end_what_can_be_inferred_is_told_and_is_true() {
    let walks = Apart::run("attach-http", 2000).walks;
    let ends = walks.each_ref().map(|walk| walk.last(Grain::Layer));
    let ends = ends.map(|end| end.expect("steps"));
    for (real, (walk, end)) in walks.iter().zip(ends).enumerate() {
        let inferred = [real == 0, real == 1];
        let shown = walk.ends(end, Grain::Frame, Numbers::Relative);
        assert_eq!(shown.expect("a connection").inferred, inferred);
        let lanes = walk.ladder(end, Grain::Frame).lanes;
        assert_eq!(lanes.map(|lane| lane.inferred), inferred);
        let states = walk.states(end, Grain::Frame).expect("a connection");
        assert_eq!(states.inferred, inferred);
        let from = states.taken.map(|taken| taken.expect("an edge").edge.from);
        assert_eq!(from, [TcpState::FinWait2, TcpState::LastAck]);
        let cwnd = row(walk, end, "cwnd");
        assert_eq!(cwnd.map(|cwnd| cwnd == "-"), inferred);
    }
    let same = [
        "state", "ISN", "SND.UNA", "SND.NXT", "RCV.NXT", "SND.WND", "RCV.WND",
    ];
    for name in same {
        let [first, second] = [0, 1].map(|world| row(&walks[world], ends[world], name));
        assert_eq!(first, second, "{name}");
    }
}

/// What is lost on the way does not arrive at a real end, though it was sent.
#[test]
fn a_real_end_does_not_know_what_was_lost() {
    let walks = Apart::run("handshake-lost-synack", 9000).walks;
    let walk = &walks[0];
    let steps = std::iter::successors(walk.first(Grain::Frame), |at| walk.next(*at, Grain::Frame));
    let states = |title: &str| {
        let mut named = steps
            .clone()
            .filter(|at| walk.steps()[at.0 as usize].title == title);
        row(walk, named.next().expect(title), "state")
    };
    assert_eq!(states("SYN"), ["SYN-SENT", "LISTEN"]);
    assert_eq!(states("SYN, ACK"), ["SYN-SENT", "SYN-RECEIVED"]);
    assert_eq!(states("SYN (again)"), ["SYN-SENT", "SYN-RECEIVED"]);
    assert_eq!(states("ACK"), ["ESTABLISHED", "SYN-RECEIVED"]);
}

/// Between two real hosts nothing is known but their frames, and when each came.
#[test]
fn where_both_ends_are_real_both_are_inferred() {
    let spec = scenario::find("handshake").expect("built in").spec(None);
    let simulated = Walk::from_outcome("test", 7, sim::run(&spec));
    let mut both_real = spec.clone();
    for host in HOSTS {
        both_real.make_real(host).expect("a host");
    }
    let mut world = World::new(&both_real);
    let mut walk = Walk::attached("test", "tap0 tap1", before_the_first_event(&both_real));
    for frame in &simulated.outcome().expect("a simulation").frames {
        while !world.run_until(frame.sent_at, 100) {}
        world.inject(frame.from, &frame.bytes);
        walk.append(world.take_piece());
    }
    while world.step() {}
    walk.append(world.take_piece());
    walk.finish();
    let at = [&walk, &simulated].map(|walk| walk.last(Grain::Layer).expect("steps"));
    let shown = walk.ends(at[0], Grain::Frame, Numbers::Relative);
    assert_eq!(shown.expect("a connection").inferred, [true; 2]);
    for name in ["ISN", "SND.UNA", "SND.NXT", "RCV.NXT"] {
        assert_eq!(row(&walk, at[0], name), row(&simulated, at[1], name));
    }
    assert_eq!(row(&walk, at[0], "state"), ["TIME-WAIT", "CLOSED"]);
    assert_eq!(row(&walk, at[0], "cwnd"), ["-", "-"]);
}

/// The lines of what a real end sends are told from its frames, those of a simulated one from its variables.
#[test]
fn graphs_of_both_ends_are_as_much_as_is_known() {
    let walks = Apart::run("attach-http", 2000).walks;
    let end = walks[0].last(Grain::Layer).expect("steps");
    for reverse in [false, true] {
        let choice = Choice {
            reverse,
            ..Choice::default()
        };
        let graphs = walks[0].graphs(end, Grain::Frame, choice).expect("graphs");
        let has_cwnd = |quantity| !graphs.series.line(quantity).points().is_empty();
        assert_eq!(has_cwnd(Quantity::Cwnd), !graphs.inferred);
        assert!(has_cwnd(Quantity::SndUna) && !graphs.series.sent.is_empty());
        let line = graphs.series.line(Quantity::SndUna);
        assert_eq!(line.before(graphs.known.order).len(), line.points().len());
    }
}

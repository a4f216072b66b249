//! Our TCP beside Linux's: the same scenarios, once between two kernels over the simulated wire, and once in the
//! simulator alone. The two ladders, and why they differ where they do, are the page `docs/linux-comparison.md`.

mod align;
mod cases;
mod kernels;
mod ladder;
mod page;
mod program;

use std::time::Duration;

use layerwalk::sim;
use layerwalk::sim::spec::{Action, AppKind, NodeKind, Spec, TcpClient, TcpServer};

use align::{In, Pair, align};
use cases::{CASES, Case};
use ladder::Ladder;

/// A case, and how it came out.
struct Compared {
    case: &'static Case,
    spec: Spec,
    pairs: Vec<Pair>,
}

impl Compared {
    fn new(case: &'static Case) -> Self {
        let mut spec = case.scenario().spec(None);
        like_linux(&mut spec);
        stretch(&mut spec, case.stretch);
        let linux = Ladder::of(&kernels::run(&spec), &spec);
        let ours = Ladder::of(&sim::run(&spec), &spec);
        Self {
            case,
            spec,
            pairs: align(&linux, &ours),
        }
    }

    /// What differs and is not explained, and what is explained and does not differ.
    fn complaints(&self) -> Vec<String> {
        let differences = self.case.differences;
        let parts = |pair: &Pair| pair.differences().into_iter();
        let all = |pair| parts(pair).map(move |part| (pair, part));
        let all: Vec<(&Pair, In)> = self.pairs.iter().flat_map(all).collect();
        let unexplained = all.iter().filter(|(pair, part)| {
            let mut explains = differences.iter().map(|entry| entry.explains(pair, *part));
            !explains.any(|explains| explains)
        });
        let unexplained =
            unexplained.map(|(pair, part)| format!("{part:?} is not explained: {pair}"));
        let idle = differences.iter().filter(|entry| {
            let mut explains = all.iter().map(|(pair, part)| entry.explains(pair, *part));
            !explains.any(|explains| explains)
        });
        let idle = idle.map(|entry| format!("explains nothing: {:?} {}", entry.parts, entry.row));
        let complaints = unexplained.chain(idle);
        complaints
            .map(|text| format!("{}: {text}", self.case.title))
            .collect()
    }
}

/// The switches of our TCP that stand otherwise in Linux, where the RFCs leave or name another value.
fn like_linux(spec: &mut Spec) {
    for node in &mut spec.nodes {
        if let NodeKind::Host(host) = &mut node.kind {
            host.tcp.rto_min = Duration::from_millis(200);
            host.tcp.minshall = true;
            host.tcp.fin_wait_2 = Some(Duration::from_secs(60));
        }
    }
}

/// Has the links and the programs take longer, by a whole factor.
fn stretch(spec: &mut Spec, factor: u32) {
    for link in &mut spec.links {
        link.delay *= factor;
    }
    for app in &mut spec.apps {
        let (AppKind::TcpServer(TcpServer { script, .. })
        | AppKind::TcpClient(TcpClient { script, .. })) = &mut app.kind
        else {
            continue;
        };
        for action in script {
            if let Action::Wait(span) = action {
                *span *= factor;
            }
        }
    }
}

/// With `UPDATE=1` it writes the page.
#[test]
#[ignore = "needs root, ip and /dev/net/tun"]
fn our_tcp_beside_linux() {
    let compared: Vec<Compared> = CASES.iter().map(Compared::new).collect();
    let page = page::write(&compared);
    if std::env::var_os("UPDATE").is_some() {
        page::save(&page);
    }
    let complaints: Vec<String> = compared.iter().flat_map(Compared::complaints).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    page::check(&page);
}

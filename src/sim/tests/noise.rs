//! Worlds in which much goes wrong: what must hold whatever happens.

use super::*;
use crate::base::Rng;
use crate::proto::filter::Filter;
use crate::sim::World;
use crate::stack::tcp::TcpConfig;

/// A fault that strikes some frames now and then.
fn some_fault(rng: &mut Rng) -> Fault {
    let place = if rng.chance(0.5) {
        CorruptPlace::Wire
    } else {
        CorruptPlace::Memory
    };
    let effect = match rng.below(4) {
        0 => Effect::Drop,
        1 => Effect::Delay(ms(rng.below(300))),
        2 => Effect::Duplicate,
        _ => Effect::Corrupt {
            byte: None,
            bit: None,
            place,
        },
    };
    Fault {
        from: 1 + rng.below(20) as u32,
        count: Some(1 + rng.below(6) as u32),
        every: 1 + rng.below(7) as u32,
        link: rng.chance(0.3).then(|| LinkId(rng.below(2) as u32)),
        // Not ARP: an address that does not answer three times is given up.
        ..Fault::once(
            Match::Filter(Box::new(Filter::compile("tcp").unwrap())),
            effect,
        )
    }
}

fn noisy(seed: u64, apps: Vec<App>) -> Spec {
    let mut rng = Rng::new(seed, "noise");
    let count = 1 + rng.below(4);
    let faults = (0..count).map(|_| some_fault(&mut rng)).collect();
    let mut spec = Spec {
        faults,
        ..over_switch(seed, apps)
    };
    for link in &mut spec.links {
        link.rate = 1_000_000 << rng.below(7);
        link.queue = 2 + rng.below(30) as usize;
    }
    // However often the faults strike the same segment, neither host gives up.
    for host in spec.nodes.iter_mut().filter_map(as_host) {
        host.tcp.rto_max = Duration::from_secs(10);
        host.tcp.r2 = Duration::from_secs(1000);
    }
    spec
}

/// Both ends send 9,000 bytes to each other at once, and await as many.
fn exchange() -> Vec<App> {
    let bytes = |salt: usize| {
        (0..9_000)
            .map(|index| (index * 7 + salt) as u8)
            .collect::<Vec<u8>>()
    };
    let script = |salt| {
        vec![
            Action::Send(Content::Binary(bytes(salt).into())),
            Action::AwaitBytes(9_000),
        ]
    };
    let close = [Action::Shutdown, Action::AwaitClose, close()];
    vec![
        tcp_server(Reply::Nothing, script(1)),
        tcp_client(script(2).into_iter().chain(close).collect()),
    ]
}

/// How many bytes a node's program was told of.
fn received(outcome: &Outcome, node: NodeId) -> usize {
    let bytes = |text: &String| -> Option<usize> {
        text.strip_prefix("< received ")?
            .split(' ')
            .next()?
            .parse()
            .ok()
    };
    told(outcome, node).iter().filter_map(bytes).sum()
}

#[test]
fn bytes_come_through_whatever_happens() {
    for seed in 0..60 {
        let outcome = run(&noisy(seed, exchange()));
        assert!(outcome.cut_short.is_none(), "seed {seed}");
        for node in [CLIENT, SERVER] {
            // A flipped bit that no checksum can see would change the bytes, never their number.
            assert_eq!(
                received(&outcome, node),
                9_000,
                "seed {seed}: {:#?}",
                told(&outcome, node)
            );
        }
        for (index, record) in outcome.log.records().iter().enumerate() {
            assert!(
                record.cause.is_none_or(|cause| cause.index() < index),
                "seed {seed}"
            );
        }
        for frame in &outcome.frames {
            assert!(
                frame.bytes.len() >= 60 && frame.arrived_at.is_none_or(|at| at > frame.sent_at)
            );
        }
    }
}

#[test]
fn every_kind_of_tcp_speaks_with_every_other() {
    let some = |bits: u64| TcpConfig {
        window_scaling: bits & 1 == 0,
        sack: bits & 2 == 0,
        timestamps: bits & 4 == 0,
        mss: (bits & 8 != 0).then_some(200),
        receive_buffer: if bits & 16 == 0 { 65_536 } else { 3_000 },
        nagle: bits & 32 == 0,
        delayed_ack: (bits & 64 != 0).then_some(ms(40)),
        ..TcpConfig::default()
    };
    for seed in 0..40 {
        let mut rng = Rng::new(seed, "kinds");
        let mut spec = noisy(seed, exchange());
        let mut kinds = Vec::new();
        for node in &mut spec.nodes {
            if let Some(host) = as_host(node) {
                host.tcp = TcpConfig {
                    r2: host.tcp.r2,
                    rto_max: host.tcp.rto_max,
                    ..some(rng.below(128))
                };
                host.mtu = if rng.chance(0.3) { 576 } else { 1500 };
                kinds.push((host.tcp.clone(), host.mtu));
            }
        }
        let outcome = run(&spec);
        assert!(outcome.cut_short.is_none(), "seed {seed}: {kinds:?}");
        for node in [CLIENT, SERVER] {
            assert_eq!(received(&outcome, node), 9_000, "seed {seed}: {kinds:?}");
        }
    }
}

#[test]
fn a_websocket_comes_through_whatever_happens() {
    for seed in 0..40 {
        let mut spec = noisy(seed, websocket());
        spec.limits.duration = Duration::from_secs(4_000);
        let outcome = run(&spec);
        let client = told(&outcome, CLIENT);
        let closed = client
            .iter()
            .any(|text| text.starts_with("< closed cleanly"));
        assert!(closed, "seed {seed}: {client:#?}");
    }
}

#[test]
fn step_by_step_is_the_same_as_at_once() {
    let spec = noisy(3, websocket());
    let mut world = World::new(&spec);
    let mut last = world.now();
    while let Some(next) = world.next_time() {
        assert!(next >= last);
        assert!(world.step());
        assert_eq!(world.now(), next);
        last = next;
    }
    assert!(!world.step());
    let at_once = run(&spec);
    assert_eq!(world.outcome().frames, at_once.frames);
    assert_eq!(world.into_outcome().log.records(), at_once.log.records());
}

/// Loss, reordering and duplication at rates, as a bad network has them.
#[test]
fn bytes_come_through_at_rates_of_chance() {
    let rate = |p, effect| Fault {
        chance: Some(p),
        count: None,
        ..Fault::once(Match::Any, effect)
    };
    let faults = vec![
        rate(0.05, Effect::Drop),
        rate(0.05, Effect::Delay(ms(30))),
        rate(0.01, Effect::Duplicate),
    ];
    for seed in 0..20 {
        let spec = Spec {
            faults: faults.clone(),
            ..over_switch(seed, exchange())
        };
        let outcome = run(&spec);
        assert_eq!(received(&outcome, CLIENT), 9_000, "seed {seed}");
        assert_eq!(received(&outcome, SERVER), 9_000, "seed {seed}");
    }
}

#[test]
fn odd_worlds_end_without_harm() {
    let odd: [fn(&mut Spec); 9] = [
        |spec| spec.links[0].rate = 0,
        |spec| spec.links[0].queue = 0,
        |spec| spec.links[0].ends = [CLIENT, CLIENT],
        |spec| spec.apps[1].on = SWITCH,
        |spec| spec.links[0].delay = Duration::MAX,
        |spec| tcp_of_client(spec).mss = Some(0),
        |spec| tcp_of_client(spec).receive_buffer = 0,
        |spec| tcp_of_client(spec).receive_buffer = 1,
        |spec| tcp_of_client(spec).receive_buffer = u32::MAX,
    ];
    for (index, change) in odd.into_iter().enumerate() {
        let mut spec = over_switch(42, exchange());
        spec.limits = Limits {
            frames: 3_000,
            events: 30_000,
            ..spec.limits
        };
        change(&mut spec);
        let outcome = run(&spec);
        assert!(outcome.frames.len() <= 3_000, "world {index}");
    }
}

fn tcp_of_client(spec: &mut Spec) -> &mut TcpConfig {
    let host = as_host(&mut spec.nodes[CLIENT.index()]);
    &mut host.expect("the client is a host").tcp
}

fn as_host(node: &mut Node) -> Option<&mut Host> {
    match &mut node.kind {
        NodeKind::Host(host) => Some(host),
        _ => None,
    }
}

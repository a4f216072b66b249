//! Two kernels in place of a scenario's two hosts, each in a namespace of its own behind a TAP device, with the
//! simulated wire and its faults between them.

use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use layerwalk::base::NodeId;
use layerwalk::live::{Attached, Port, Tap};
use layerwalk::sim::outcome::Outcome;
use layerwalk::sim::spec::{App, Host, NodeKind, Spec};
use layerwalk::stack::tcp::CongestionAlgorithm;

use super::ladder::Ladder;
use super::program::Program;
use crate::live::net::{Namespace, run_ok};

/// How often sockets are looked at, and how often lateness is measured.
const TICK: Duration = Duration::from_millis(5);
/// Longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(40);
/// How many runs are tried on a machine that is late.
const TRIES: usize = 40;
/// A machine that lets us wait longer than this when it is our turn tells nothing about TCP: its pauses look like
/// those of the two hosts.
const LATE: Duration = Duration::from_millis(10);

/// The least, the usual and the largest receive buffer: a window shift of 7, as on a machine of some size.
const RECEIVE_BUFFERS: &str = "4096 131072 6291456";

/// What passes between two kernels whose programs do what the scenario's do.
///
/// A run in which this process did not get its turn in time is no measurement, and is done again.
pub fn run(spec: &Spec) -> Outcome {
    for _ in 0..TRIES {
        let (outcome, late) = run_once(spec);
        if late <= LATE {
            return outcome;
        }
    }
    panic!("this machine is too busy: in {TRIES} runs one of our turns was {LATE:?} late");
}

/// One run, and how late the latest turn was.
fn run_once(spec: &Spec) -> (Outcome, Duration) {
    let mut real = spec.clone();
    let nodes = (0..spec.nodes.len()).map(NodeId::from_index);
    let kernels: Vec<Kernel> = nodes
        .map(|node| {
            real.make_real(node).expect("hosts alone");
            Kernel::new(spec, node)
        })
        .collect();
    let shared = Shared {
        ready: AtomicUsize::new(0),
        is_started: AtomicBool::new(false),
        clients: AtomicUsize::new(0),
        busy: kernels.iter().map(|_| AtomicBool::new(true)).collect(),
        is_over: AtomicBool::new(false),
        late: AtomicU64::new(0),
    };
    let outcome = thread::scope(|scope| {
        let mut ports = Vec::new();
        let shared = &shared;
        for (index, kernel) in kernels.into_iter().enumerate() {
            let (node, tap) = (kernel.node, kernel.tap);
            ports.push(Port { node, tap });
            scope.spawn(move || {
                kernel.namespace.enter();
                on_time();
                let programs = host_programs(shared, index, &kernel.host, &kernel.apps);
                runtime().block_on(programs);
            });
        }
        let wire = scope.spawn(move || {
            on_time();
            runtime().block_on(carry(&real, ports, shared))
        });
        let outcome = wire.join();
        shared.is_over.store(true, Ordering::SeqCst);
        outcome.expect("the wire holds")
    });
    (outcome, Duration::from_nanos(shared.late.into_inner()))
}

/// What the threads of a run tell each other.
struct Shared {
    /// How many hosts have their programs ready.
    ready: AtomicUsize,
    is_started: AtomicBool,
    /// How many clients have not ended.
    clients: AtomicUsize,
    /// Whether a kernel has connections that are neither closed nor in TIME-WAIT.
    busy: Vec<AtomicBool>,
    is_over: AtomicBool,
    /// How late the latest turn was, in nanoseconds.
    late: AtomicU64,
}

impl Shared {
    fn is_quiet(&self) -> bool {
        let busy = |busy: &AtomicBool| busy.load(Ordering::SeqCst);
        self.clients.load(Ordering::SeqCst) == 0 && !self.busy.iter().any(busy)
    }

    /// Waits for the next turn, and notes how late it comes.
    async fn turn(&self) {
        let due = tokio::time::Instant::now() + TICK;
        tokio::time::sleep_until(due).await;
        let late = due.elapsed().as_nanos();
        self.late.fetch_max(late as u64, Ordering::SeqCst);
    }
}

/// A kernel with its device.
struct Kernel {
    namespace: Namespace,
    node: NodeId,
    tap: Tap,
    host: Host,
    apps: Vec<App>,
}

impl Kernel {
    fn new(spec: &Spec, node: NodeId) -> Self {
        let NodeKind::Host(host) = &spec.nodes[node.index()].kind else {
            panic!("hosts alone");
        };
        let namespace = Namespace::new();
        let tap = namespace.tap("wire");
        let interface = host.ipv4.expect("an IPv4 address");
        let address = format!("{}/{}", interface.ip, interface.prefix_len);
        for arguments in [
            &["link", "set", "wire", "mtu", &host.mtu.to_string()][..],
            &["addr", "add", &address, "dev", "wire"],
            // Without segmentation offload: one segment, one frame of its own.
            &["link", "set", "wire", "gso_max_segs", "1"],
            &["link", "set", "wire", "up"],
        ] {
            run_ok(&mut namespace.ip(arguments));
        }
        set_up(&namespace, host);
        let apps = spec.apps.iter().filter(|app| app.on == node);
        Self {
            node,
            tap,
            apps: apps.cloned().collect(),
            host: host.clone(),
            namespace,
        }
    }
}

/// Has a kernel do what the switches of our TCP say.
fn set_up(namespace: &Namespace, host: &Host) {
    let tcp = &host.tcp;
    let switch = |on: bool| if on { "1" } else { "0" };
    let congestion = match tcp.congestion {
        CongestionAlgorithm::Reno => "reno",
        CongestionAlgorithm::Cubic => "cubic",
        CongestionAlgorithm::None => panic!("Linux has no TCP without congestion control"),
    };
    let settings = [
        ("tcp_window_scaling", switch(tcp.window_scaling)),
        ("tcp_sack", switch(tcp.sack)),
        ("tcp_timestamps", switch(tcp.timestamps)),
        ("tcp_ecn", if tcp.ecn { "1" } else { "2" }),
        ("tcp_recovery", switch(tcp.rack)),
        ("tcp_early_retrans", if tcp.rack { "3" } else { "0" }),
        ("tcp_congestion_control", congestion),
        // The window shift follows from the largest buffer.
        ("tcp_rmem", RECEIVE_BUFFERS),
        ("tcp_syncookies", switch(tcp.syn_cookies)),
    ];
    namespace.within(|| {
        for (name, value) in settings {
            let path = format!("/proc/sys/net/ipv4/{name}");
            std::fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    });
    let network = network(host);
    let initial_window = tcp.initial_window.to_string();
    let mss = tcp.mss.map(|mss| mss.to_string());
    let mut route = vec!["route", "change", &network, "dev", "wire"];
    route.extend(["initcwnd", &initial_window]);
    route.extend(["quickack", switch(tcp.delayed_ack.is_none())]);
    if let Some(mss) = &mss {
        route.extend(["advmss", mss]);
    }
    run_ok(&mut namespace.ip(&route));
}

/// The host's network, such as `10.7.0.0/24`.
fn network(host: &Host) -> String {
    let interface = host.ipv4.expect("an IPv4 address");
    let mask = u32::MAX << (32 - u32::from(interface.prefix_len));
    let network = Ipv4Addr::from_bits(interface.ip.to_bits() & mask);
    format!("{network}/{}", interface.prefix_len)
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// Has this thread get its turn before all other work of the machine, as far as that is allowed.
fn on_time() {
    let first = libc::sched_param { sched_priority: 10 };
    // SAFETY: a struct that outlives the call, and that concerns this thread alone.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const first) };
}

/// Runs the programs of one host, and watches its sockets, until the run is over.
async fn host_programs(shared: &Shared, index: usize, host: &Host, apps: &[App]) {
    let programs: Vec<Program> = apps.iter().map(|app| Program::new(app, host)).collect();
    let clients = programs.iter().filter(|program| program.is_client());
    let clients = clients.count();
    let servers = programs.len() - clients;
    shared.clients.fetch_add(clients, Ordering::SeqCst);
    shared.ready.fetch_add(1, Ordering::SeqCst);
    while !shared.is_started.load(Ordering::SeqCst) && !shared.is_over.load(Ordering::SeqCst) {
        shared.turn().await;
    }
    let run = async |program: Program| {
        let is_client = program.is_client();
        program.run().await;
        if is_client {
            shared.clients.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let programs = async {
        join_all(programs.into_iter().map(run)).await;
        std::future::pending::<()>().await;
    };
    let watch = async {
        while !shared.is_over.load(Ordering::SeqCst) {
            shared.busy[index].store(sockets_in_use() > servers, Ordering::SeqCst);
            shared.turn().await;
        }
    };
    tokio::select! {
        () = programs => {}
        () = watch => {}
    }
}

/// How many TCP sockets this thread's kernel has that listen or have a connection that is neither closed nor in
/// TIME-WAIT. (The table of all sockets, `/proc/net/tcp`, would take the kernel milliseconds.)
fn sockets_in_use() -> usize {
    let table = std::fs::read_to_string("/proc/thread-self/net/sockstat").expect("the table");
    let row = table
        .lines()
        .find_map(|line| line.strip_prefix("TCP: inuse "));
    let count = row.and_then(|row| row.split(' ').next()?.parse().ok());
    count.expect("a number")
}

/// Carries frames until the clients have ended and all is closed.
async fn carry(spec: &Spec, ports: Vec<Port>, shared: &Shared) -> Outcome {
    let hosts = ports.len();
    let watched = ports[0].node;
    let mut attached = Attached::start(spec, ports, watched).expect("it starts");
    let all = async {
        while shared.ready.load(Ordering::SeqCst) < hosts {
            shared.turn().await;
        }
        shared.is_started.store(true, Ordering::SeqCst);
        let mut quiet = 0;
        // Some turns more, for what the last frame may set off.
        while quiet < 20 {
            let turn = async {
                shared.turn().await;
                io::Result::Ok(true)
            };
            let frames = async { attached.next().await.map(|_| false) };
            let turn = tokio::select! { turn = turn => turn?, frames = frames => frames? };
            if turn {
                quiet = if shared.is_quiet() { quiet + 1 } else { 0 };
            }
        }
        io::Result::Ok(())
    };
    let ended = tokio::time::timeout(PATIENCE, all).await;
    let outcome = attached.world().outcome().clone();
    if let Ok(result) = ended {
        result.expect("the devices are there");
        assert_eq!(attached.refused(), 0, "the devices take every frame");
        return outcome;
    }
    let ladder = Ladder::of(&outcome, spec);
    panic!("not all was closed after {PATIENCE:?}:\n{ladder}");
}

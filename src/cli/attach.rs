//! `layerwalk attach`: a scenario in real time, with real hosts in place of some of its own.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::capture::output::Output;
use super::capture::session::{Session, Shown, Source};
use super::capture::{Capturing, How, drop_privileges, time};
use super::exit::{Exit, Result};
use super::screen::Look;
use super::show::compile;
use super::source;
use crate::base::text::safe;
use crate::base::{LinkType, NodeId, Time};
use crate::capture::live::Counts;
use crate::capture::packet::{self, Interface, Packet, ResolvedName};
use crate::live::{Attached, Port, Tap, TapError};
use crate::show::Format;
use crate::sim::World;
use crate::sim::outcome::Limit;
use crate::sim::spec::{Host, NodeKind, Spec};
use crate::sim::world::{Direction, Seen};
use crate::tui::{self, Coming};
use crate::walk::Walk;

/// So many records are told at most: with their frames, some 150,000, and their steps they take about 1 GB.
const MOST_RECORDS: usize = 2_000_000;

/// Run a scenario in real time, with real hosts behind TAP devices in place of some of its own
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sudo layerwalk attach attach-http --real client=tap0 --up
      on the screen, with all that happens in the simulated hosts; meanwhile, in another terminal:
      curl http://10.80.0.80/
  sudo layerwalk attach my.toml --real client=tap0 --show -w talk.pcapng
      a line for each frame, and a file
  sudo layerwalk attach my.toml --real left=tap0 --real right=tap1
      two real hosts; `ip link set tap1 netns NAME` gives the device to another namespace

A TAP device that is there is used and left; one that is not is made, and gone at the end. To attach without sudo,
give the program the capability once:
  sudo setcap cap_net_admin+ep $(command -v layerwalk)
or make a device for yourself:
  sudo ip tuntap add dev tap0 mode tap user $USER")]
pub struct AttachArgs {
    /// A built-in scenario's name, or a .toml file
    scenario: String,
    /// Only what this display filter selects, such as 'tcp.port == 80 && http', of the frames at one interface
    filter: Option<String>,
    /// A host of the scenario that is real, and its TAP device; may be given several times
    #[arg(long, value_name = "NODE=TAP", required = true, value_parser = parse_real)]
    real: Vec<(String, String)>,
    /// Give each device that is made here its host's address, and bring it up
    #[arg(long)]
    up: bool,
    /// The host at whose interface frames are counted and written, and shown with --show or a filter; else the first
    /// real one
    #[arg(long, value_name = "NODE")]
    at: Option<String>,
    /// Write the frames to this file (pcapng), or to standard output for -
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write the frames of every link, an interface of the file each, whatever the filter: as they were sent, the lost
    /// ones too
    #[arg(long, requires = "write")]
    all_links: bool,
    /// End after so many frames
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time, such as 500ms, 10s or 2min
    #[arg(long, value_name = "TIME", value_parser = time::parse_duration)]
    duration: Option<Duration>,
    /// Print a line for each frame, in place of the screen
    #[arg(long)]
    show: bool,
    /// How frames are printed with --show
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The seed, in place of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

fn parse_real(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((node, tap)) if !node.is_empty() && !tap.is_empty() => {
            Ok((node.to_owned(), tap.to_owned()))
        }
        _ => Err("write a host of the scenario and a device: client=tap0".to_owned()),
    }
}

/// Runs the command, until it is told to end or a device goes away.
pub fn run(args: &AttachArgs, look: Look) -> Result {
    let to_stdout = args
        .write
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-");
    if to_stdout && args.show {
        return Err(Exit::usage(
            "--show and -w - both write to standard output: choose one",
        ));
    }
    let filter = args.filter.as_deref().map(compile).transpose()?;
    let scenario = source::read_scenario(&args.scenario)?;
    let mut spec = scenario.spec(args.seed);
    let on_screen = !args.show && !to_stdout && tui::has_terminal();
    // The screen shows the whole world with its truth; all else the frames at one interface, as a capture does.
    let is_told = on_screen && filter.is_none();
    spec.recording = is_told;
    // what passes every link is read back from the frames
    spec.keeping_frames = is_told || args.all_links;
    let reals = make_real(args, &mut spec)?;
    let at = match &args.at {
        Some(name) => host(&spec, name)?,
        None => reals[0].node,
    };
    let interface = interface(&spec, at);
    let names = names(&spec);
    let ports = open(args, &spec, &reals)?;
    // As the user who may do it: afterwards root's files are closed to us.
    let interfaces = match args.all_links {
        true => links(&spec),
        false => vec![interface.clone()],
    };
    let file = (args.write.as_ref()).map(|path| Output::create(path, &interfaces, &names));
    let file = file.transpose()?;
    let (output, of_links) = match args.all_links {
        true => (None, file),
        false => (file, None),
    };
    drop_privileges()?;
    let advice: Vec<String> = (reals.iter().map(|real| advice(&spec, real, args.up))).collect();
    let advice = advice.join("\n");
    eprintln!("{advice}");

    let walk = || {
        let node = &spec.nodes[at.index()].name;
        let path = Path::new(&scenario.name);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut walk = Walk::live(&format!("{node} of {name}"), interface.clone());
        walk.name_hosts(names.clone());
        walk.invite(&advice)
    };
    let taps: Vec<&str> = reals.iter().map(|real| real.tap.as_str()).collect();
    let begins = format!("attached to {}", taps.join(" and "));
    let session = Session::new(walk(), begins, filter, output, args.count);
    let told = || {
        let before = World::new(&spec).into_outcome();
        let walk = Walk::attached(&scenario.name, &taps.join(" "), before);
        let lesson = "\n\ni shows the lesson of the scenario, which says what to try";
        walk.with_lesson(&scenario)
            .invite(&(advice.clone() + lesson))
    };
    let how = match (on_screen, args.show, &args.write) {
        (true, ..) if is_told => How::Told(Box::new(told()), look),
        (true, ..) => How::Screen(Box::new(walk()), look),
        (_, true, _) | (_, _, None) => How::Lines(args.format),
        _ => How::Silent,
    };
    let open = move |shown: &Shown| {
        let attached = Attached::start(&spec, ports, at).map_err(Exit::unreadable)?;
        Ok(Frames {
            attached,
            epoch: time::now(),
            packets: VecDeque::new(),
            received: 0,
            of_links,
            written: 0,
            telling: Telling::to(shown),
        })
    };
    Capturing::new(session, open, args.duration)?.show(how)
}

/// A node that is real, and the name of its device.
struct Real {
    node: NodeId,
    tap: String,
}

/// Makes the named hosts real ones, and says which programs are not run.
fn make_real(args: &AttachArgs, spec: &mut Spec) -> Result<Vec<Real>> {
    let mut reals: Vec<Real> = Vec::new();
    for (name, tap) in &args.real {
        let node = host(spec, name)?;
        if reals
            .iter()
            .any(|real| real.node == node || real.tap == *tap)
        {
            return Err(Exit::usage(format!(
                "--real {name}={tap}: each host has one device, and each device one host",
            )));
        }
        if spec.make_real(node).is_some_and(|programs| programs > 0) {
            eprintln!("the scenario's programs on {name} are not run: it is real");
        }
        let tap = tap.clone();
        reals.push(Real { node, tap });
    }
    Ok(reals)
}

/// The host of this name.
fn host(spec: &Spec, name: &str) -> Result<NodeId> {
    let is_host =
        |node: &&crate::sim::spec::Node| matches!(node.kind, NodeKind::Host(_) | NodeKind::Real(_));
    let found = spec
        .nodes
        .iter()
        .position(|node| is_host(&node) && node.name == name);
    found.map(NodeId::from_index).ok_or_else(|| {
        let names: Vec<&str> = spec
            .nodes
            .iter()
            .filter(is_host)
            .map(|node| node.name.as_str())
            .collect();
        Exit::usage(format!(
            "the scenario has no host `{}`; its hosts are {}",
            safe(name),
            names.join(", ")
        ))
    })
}

/// Opens the devices, and sets them up if that is asked for.
fn open(args: &AttachArgs, spec: &Spec, reals: &[Real]) -> Result<Vec<Port>> {
    let mut ports = Vec::new();
    for real in reals {
        let tap = Tap::open(&real.tap)?;
        if let (true, Some(host)) = (args.up, the_host(spec, real.node)) {
            tap.set_up(host.mtu)?;
            if let Some(ipv4) = host.ipv4 {
                tap.set_ipv4(ipv4.ip, ipv4.prefix_len)?;
            }
            if let Some(ipv6) = host.ipv6 {
                tap.set_ipv6(ipv6.ip, ipv6.prefix_len)?;
            }
        }
        let node = real.node;
        ports.push(Port { node, tap });
    }
    Ok(ports)
}

fn the_host(spec: &Spec, node: NodeId) -> Option<&Host> {
    match &spec.nodes[node.index()].kind {
        NodeKind::Host(host) | NodeKind::Real(host) => Some(host),
        NodeKind::Switch | NodeKind::Router(_) => None,
    }
}

/// The addresses of a host. The link-local one of a real host is its own affair: it is made from a MAC address that is
/// not the scenario's.
fn addrs(spec: &Spec, node: NodeId) -> Vec<IpAddr> {
    let Some(host) = the_host(spec, node) else {
        return Vec::new();
    };
    let is_real = matches!(spec.nodes[node.index()].kind, NodeKind::Real(_));
    let made_up = host
        .ipv6
        .filter(|ipv6| is_real && ipv6.ip != ipv6.link_local);
    let made_up = made_up.map(|ipv6| IpAddr::V6(ipv6.link_local));
    let mut addrs = host.addrs();
    addrs.retain(|addr| Some(*addr) != made_up);
    addrs
}

/// What is to be done on the real side.
fn advice(spec: &Spec, real: &Real, is_up: bool) -> String {
    let (name, tap) = (&spec.nodes[real.node.index()].name, &real.tap);
    let Some(host) = the_host(spec, real.node) else {
        return String::new();
    };
    let mut commands = Vec::new();
    if !is_up {
        if let Some(ipv4) = host.ipv4 {
            let (ip, len) = (ipv4.ip, ipv4.prefix_len);
            commands.push(format!("ip addr add {ip}/{len} dev {tap}"));
        }
        if let Some(ipv6) = host.ipv6 {
            let (ip, len) = (ipv6.ip, ipv6.prefix_len);
            commands.push(format!("ip addr add {ip}/{len} dev {tap}"));
        }
        if host.mtu != 1500 {
            commands.push(format!("ip link set {tap} mtu {}", host.mtu));
        }
        commands.push(format!("ip link set {tap} up"));
    }
    if let Some(gateway) = host.ipv4.and_then(|ipv4| ipv4.gateway) {
        commands.push(format!("ip route add default via {gateway} dev {tap}"));
    }
    if let Some(gateway) = host.ipv6.and_then(|ipv6| ipv6.gateway) {
        commands.push(format!("ip route add default via {gateway} dev {tap}"));
    }
    if commands.is_empty() {
        let addrs = addrs(spec, real.node);
        let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
        return format!(
            "{name} is this machine, by {tap} with the address {}",
            addrs.join(" and ")
        );
    }
    format!(
        "{name} is whoever has {tap}. As root, over there:\n  {}",
        commands.join("\n  ")
    )
}

/// The interface of a node, as a capture describes it.
fn interface(spec: &Spec, at: NodeId) -> Interface {
    named(spec.nodes[at.index()].name.clone())
}

/// The links, each as an interface: `client - router`.
fn links(spec: &Spec) -> Vec<Interface> {
    let name = |node: NodeId| &spec.nodes[node.index()].name;
    let links = spec.links.iter();
    links
        .map(|link| named(format!("{} - {}", name(link.ends[0]), name(link.ends[1]))))
        .collect()
}

fn named(name: String) -> Interface {
    Interface {
        name: Some(name),
        link_type: LinkType::ETHERNET,
        snap_len: 0,
        fcs_len: None,
        comments: Vec::new(),
    }
}

fn names(spec: &Spec) -> Vec<ResolvedName> {
    let names = |(index, node): (usize, &crate::sim::spec::Node)| {
        let addrs = addrs(spec, NodeId::from_index(index));
        let names = vec![node.name.clone()];
        addrs.into_iter().map(move |addr| ResolvedName {
            addr,
            names: names.clone(),
        })
    };
    spec.nodes.iter().enumerate().flat_map(names).collect()
}

/// What passes the interface, as packets.
struct Frames {
    attached: Attached,
    /// When the world began, since the Unix epoch.
    epoch: Time,
    packets: VecDeque<Packet>,
    received: u64,
    /// The file for the frames of all links, if there is one.
    of_links: Option<Output>,
    /// How many of them are in it.
    written: usize,
    /// The screen, where it is told the truth.
    telling: Option<Telling>,
}

/// The screen that is told what the world records.
struct Telling {
    screen: Sender<Coming>,
    /// So many records more are told.
    left: usize,
}

impl Telling {
    fn to(shown: &Shown) -> Option<Self> {
        match shown {
            Shown::Told(screen) => Some(Self {
                screen: screen.clone(),
                left: MOST_RECORDS,
            }),
            _ => None,
        }
    }
}

impl Frames {
    /// Whether something was recorded that the screen was not told yet.
    fn has_news(&self) -> bool {
        let recorded = self.attached.world().outcome().log.records();
        self.telling.is_some() && !recorded.is_empty()
    }

    /// Tells the screen what was recorded since the last time; it is there no more where there is no place.
    fn tell(&mut self, place: Option<OwnedPermit<Coming>>) {
        let (Some(telling), Some(place)) = (&mut self.telling, place) else {
            self.telling = None;
            return;
        };
        let mut piece = self.attached.take_piece();
        telling.left = telling.left.saturating_sub(piece.records.len());
        if telling.left == 0 {
            piece.cut_short = Some(Limit::Records(MOST_RECORDS));
            self.attached.stop_recording(self.of_links.is_some());
            self.telling = None;
        }
        place.send(Coming::Piece(Box::new(piece)));
    }

    /// Writes the frames that were sent on links since the last time.
    fn write_links(&mut self) -> Result {
        let Some(output) = &mut self.of_links else {
            return Ok(());
        };
        let frames = &self.attached.world().outcome().frames;
        for frame in &frames[self.written..] {
            output.packet(&Packet {
                time: Time(self.epoch.0.saturating_add(frame.sent_at.0)),
                interface: frame.link.0,
                original_len: u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX),
                bytes: frame.bytes.clone(),
                direction: None,
                checksum_not_ready: false,
                dropped: 0,
                comments: Vec::new(),
            })?;
        }
        self.written = frames.len();
        Ok(())
    }

    fn packet(&self, seen: Seen) -> Packet {
        let direction = match seen.direction {
            Direction::In => packet::Direction::Inbound,
            Direction::Out => packet::Direction::Outbound,
        };
        Packet {
            time: Time(self.epoch.0.saturating_add(seen.time.0)),
            interface: 0,
            original_len: u32::try_from(seen.bytes.len()).unwrap_or(u32::MAX),
            bytes: seen.bytes,
            direction: Some(direction),
            checksum_not_ready: false,
            dropped: 0,
            comments: Vec::new(),
        }
    }
}

impl Source for Frames {
    async fn next(&mut self) -> Result<Packet> {
        loop {
            if let Some(packet) = self.try_next()? {
                return Ok(packet);
            }
            let has_news = self.has_news();
            tokio::select! {
                seen = self.attached.next() => {
                    let gone = |error| Exit::unreadable(format!("a TAP device is gone: {error}"));
                    for seen in seen.map_err(gone)? {
                        let packet = self.packet(seen);
                        self.packets.push_back(packet);
                    }
                }
                place = place_on(&self.telling), if has_news => self.tell(place),
            }
        }
    }

    fn try_next(&mut self) -> Result<Option<Packet>> {
        self.write_links()?;
        let packet = self.packets.pop_front();
        self.received += u64::from(packet.is_some());
        Ok(packet)
    }

    fn counts(&mut self) -> Counts {
        Counts {
            received: self.received,
            dropped: self.attached.refused(),
        }
    }

    async fn end(&mut self) {
        if self.has_news() {
            let place = place_on(&self.telling).await;
            self.tell(place);
        }
    }
}

/// Waits until the screen takes another piece; `None` where there is none any more.
async fn place_on(telling: &Option<Telling>) -> Option<OwnedPermit<Coming>> {
    let screen = telling.as_ref()?.screen.clone();
    screen.reserve_owned().await.ok()
}

impl From<TapError> for Exit {
    fn from(error: TapError) -> Self {
        match error {
            TapError::NotPermitted { .. } | TapError::NotOpened => Self::not_permitted(error),
            TapError::Name(_) | TapError::Existed(_) | TapError::NotTap(_) => Self::usage(error),
            _ => Self::unreadable(error),
        }
    }
}

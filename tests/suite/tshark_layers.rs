//! Our reading of frames against tshark's: every frame of every capture, every field of layers 2 to 4 that both know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::crafted;
use layerwalk::proto::registry;
use serde_json::Value;

/// The values of each field of one frame, in the order of the tree, as `tshark -T fields` writes them.
type Fields = BTreeMap<String, Vec<String>>;

/// Disagreements that were looked into.
struct Explained {
    /// The file's name.
    file: &'static str,
    /// The frames, counted from 1; none: any.
    frames: &'static [usize],
    /// How the fields' names start.
    fields: &'static [&'static str],
    /// Why the two may differ.
    #[expect(dead_code, reason = "for whoever reads the list")]
    why: &'static str,
}

const EXPLAINED: &[Explained] = &[
    Explained {
        file: "trunc__trunc-hdr.pcap",
        frames: &[1],
        fields: &["eth."],
        why: "of a header cut in the middle tshark shows nothing, we show what is there",
    },
    Explained {
        file: "ethernet.pcap",
        frames: &[12],
        fields: &["vlan.etype"],
        why: "tshark reads the type in an 802.1ad tag but does not show it",
    },
    Explained {
        file: "arp.pcap",
        frames: &[8],
        fields: &["arp.src."],
        why: "of a packet cut in the middle tshark shows no address, we show those that are there",
    },
    Explained {
        file: "ipv4.pcap",
        frames: &[4, 5],
        fields: &["ip.dst", "ip.addr", "ip.cur_rt", "ip.src_rt"],
        why: "in a source route tshark calls its end the destination; we show the header's fields \
              where they stand",
    },
    Explained {
        file: "ipv4.pcap",
        frames: &[14, 15, 16],
        fields: &["ip.opt."],
        why: "tshark shows nothing of an unknown or broken option, we show type and length",
    },
    Explained {
        file: "icmp.pcap",
        frames: &[5, 6, 7, 10],
        fields: &["tcp.", "udp."],
        why: "tshark leaves out the length and raw numbers of a quoted segment, gives up on a cut \
              header, and judges the checksum of a segment that is not all there",
    },
    Explained {
        file: "icmp.pcap",
        frames: &[19, 20],
        fields: &["icmp."],
        why: "an extended echo, which we do not look into; a header cut in the middle",
    },
    Explained {
        file: "icmpv6.pcap",
        frames: &[15, 19],
        fields: &["icmpv6.unknown_data"],
        why: "we show the bytes of an unknown option; tshark shows those after a quoted packet",
    },
    Explained {
        file: "udp.pcap",
        frames: &[5, 14],
        fields: &["udp.payload"],
        why: "tshark counts bytes past the datagram's own length as its payload",
    },
    Explained {
        file: "tcp.pcap",
        frames: &[9, 29, 30, 31, 43, 63, 64, 65],
        fields: &["tcp.option"],
        why: "tshark shows nothing of an option whose length cannot be, we show kind and length",
    },
    Explained {
        file: "tcp.pcap",
        frames: &[18, 52],
        fields: &["tcp."],
        why: "tshark looks further into Multipath TCP, and runs out of bytes there",
    },
    Explained {
        file: "tcp.pcap",
        frames: &[25, 27, 59, 61],
        fields: &["tcp.options.unknown"],
        why: "the obsolete echo and the accurate ECN options, which we do not look into",
    },
    Explained {
        file: "tcp.pcap",
        frames: &[79, 80, 87, 88, 89, 90],
        fields: &["tcp."],
        why: "of a header cut in the middle, or of an impossible length, we show what is there",
    },
    Explained {
        file: "ipv4.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts a stream also for a datagram that we leave unread",
    },
    Explained {
        file: "ipv6.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts a stream also for a datagram that we leave unread",
    },
    Explained {
        file: "icmp.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts quoted datagrams as streams",
    },
    Explained {
        file: "icmpv6.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts quoted datagrams as streams",
    },
    Explained {
        file: "icmp__icmp-destunreach-udp.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts quoted datagrams as streams",
    },
    Explained {
        file: "icmp__icmp-timeexceeded.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts quoted datagrams as streams",
    },
    Explained {
        file: "icmp__icmp6-toobig.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts quoted datagrams as streams",
    },
    Explained {
        file: "udp.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts a stream also for a datagram that we leave unread",
    },
    Explained {
        file: "ethernet.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts a stream also for a datagram that we leave unread",
    },
    Explained {
        file: "sll.pcap",
        frames: &[],
        fields: &["udp.stream"],
        why: "tshark counts a stream also for a datagram that we leave unread",
    },
    Explained {
        file: "tcp.pcap",
        frames: &[],
        fields: &["tcp.stream"],
        why: "tshark counts a stream also for a header of an impossible length",
    },
    Explained {
        file: "tcp.pcap",
        frames: &[76, 77, 78],
        fields: &["tcp.nxtseq"],
        why: "SYN and FIN in one segment: each takes a sequence number (RFC 9293 §3.4)",
    },
    Explained {
        file: "ipv4__fragmented-4.pcap",
        frames: &[5],
        fields: &["tcp.", "http."],
        why: "fragments overlap and differ: the first bytes count for us, the last for tshark",
    },
    Explained {
        file: "ipv4__fragmented-1.pcap",
        frames: &[3],
        fields: &["udp.payload"],
        why: "tshark counts bytes past the datagram's own length as its payload",
    },
    Explained {
        file: "tcp__retransmit-timeout.pcapng",
        frames: &[2, 3],
        fields: &["tcp.completeness"],
        why: "a stream seen from its middle: we count the data segment, tshark does not",
    },
    Explained {
        file: "sio-deflate.pcap",
        frames: &[],
        fields: &["websocket.payload.text"],
        why: "tshark inflates compressed messages, which we do not yet",
    },
    Explained {
        file: "http__pipelined-requests.pcap",
        frames: &[],
        fields: &["http.cache_control", "http.file_data"],
        why: "tshark keeps blanks after a value, and inflates compressed bodies",
    },
    Explained {
        file: "websocket__two-binary-fragments.pcap",
        frames: &[13],
        fields: &["websocket.payload.continue"],
        why: "tshark leaves the last fragment to the message put together",
    },
    Explained {
        file: "websocket__fragmented-http-reply.pcap",
        frames: &[13],
        fields: &["websocket.payload.continue"],
        why: "tshark leaves the last fragment to the message put together",
    },
    Explained {
        file: "http__261__variant-03-cl_negative.pcap",
        frames: &[],
        fields: &["http."],
        why: "a length that is no number: we stop, tshark guesses on",
    },
    Explained {
        file: "http__261__variant-04-te_cl_desync.pcap",
        frames: &[],
        fields: &["http.content_length"],
        why: "where the body is chunked the length does not count (RFC 9112 §6.3)",
    },
    Explained {
        file: "http__261__variant-09-te_obs_fold.pcap",
        frames: &[],
        fields: &["http."],
        why: "tshark does not see the chunked coding in a folded line, we do",
    },
    Explained {
        file: "http__100-continue.pcap",
        frames: &[10],
        fields: &["http.request_number"],
        why: "tshark counts the head and the body of one request",
    },
    Explained {
        file: "http__content-length-overflow.pcap",
        frames: &[],
        fields: &["http."],
        why: "of a body cut off tshark tells the head at the end, we where the head ends",
    },
    Explained {
        file: "http__entity_gap.pcap",
        frames: &[],
        fields: &["http."],
        why: "after bytes missing in the body tshark tells nothing, we tell the head",
    },
    Explained {
        file: "tcp__tcp-fast-open.pcap",
        frames: &[],
        fields: &["http."],
        why: "of a body until the close tshark tells the head at the end, we where the head ends",
    },
    Explained {
        file: "sio-polling.pcap",
        frames: &[41, 45, 58],
        fields: &["http.file_data"],
        why: "tshark reads a body of text as ASCII",
    },
];

/// Fields that are not compared, by how their names start, and why.
const NOT_COMPARED: &[(&str, &str)] = &[
    (
        "data.",
        "what no dissector reads depends on which ones there are",
    ),
    (
        "frame.protocols",
        "tshark names protocols that we do not read",
    ),
    (
        "frame.time_delta",
        "not in the output, which tells the time of each frame",
    ),
    (
        "frame.time_relative",
        "not in the output, which tells the time of each frame",
    ),
    ("frame.interface", "not in the output"),
];

/// A value separator that no value contains.
const SEPARATOR: &str = "\u{1}";

#[test]
#[ignore = "needs tshark"]
fn fields_of_every_capture() {
    let Some(root) = captures() else { return };
    let ids = common_ids();
    let mut tally = Tally::default();
    for file in files(&root) {
        compare_file(&file, &ids, &mut tally);
    }
    tally.report(ids.len());
}

#[derive(Default)]
struct Tally {
    files: usize,
    packets: usize,
    values: usize,
    explained: usize,
    disagreements: Vec<String>,
}

impl Tally {
    /// Prints what was compared; panics at an unexplained disagreement.
    fn report(&self, ids: usize) {
        println!(
            "{} files, {} packets, {} field ids, {} values compared, {} disagreements, {} explained",
            self.files,
            self.packets,
            ids,
            self.values,
            self.disagreements.len(),
            self.explained,
        );
        assert!(self.files > 0, "no capture found");
        for line in self.disagreements.iter().take(200) {
            println!("{line}");
        }
        assert!(
            self.disagreements.is_empty(),
            "{} disagreements",
            self.disagreements.len()
        );
    }
}

#[test]
#[ignore = "needs tshark"]
fn fields_of_crafted_frames() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ids = common_ids();
    let mut tally = Tally::default();
    for crafted in crafted::all() {
        let path = folder.path().join(crafted.name).with_extension("pcap");
        fs::write(&path, crafted.pcap()).expect("a file in it");
        compare_file(&path, &ids, &mut tally);
    }
    tally.report(ids.len());
}

/// The folder of captures, beside the repository or wherever `LAYERWALK_CAPTURES` says.
pub fn captures() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LAYERWALK_CAPTURES") {
        return Some(path.into());
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .map(|dir| dir.join("shared/captures"))
        .find(|path| path.is_dir())
}

/// Every capture below `root`, in the order of the names.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root)
        .expect("the folder of captures")
        .flatten()
    {
        let Ok(entries) = fs::read_dir(folder.path()) else {
            continue;
        };
        found.extend(entries.flatten().map(|entry| entry.path()));
    }
    found.retain(|path| {
        path.extension()
            .is_some_and(|ext| ext == "pcap" || ext == "pcapng")
    });
    found.sort();
    found
}

/// The names of the fields that both know.
fn common_ids() -> Vec<&'static str> {
    let listing = run(Command::new("tshark").args(["-G", "fields"]));
    let theirs: BTreeSet<&str> = listing
        .lines()
        .filter_map(|line| line.split('\t').nth(2))
        .collect();
    registry::PROTOCOLS
        .iter()
        .flat_map(|protocol| protocol.fields)
        .map(|field| field.id)
        .filter(|id| theirs.contains(id))
        .filter(|id| !NOT_COMPARED.iter().any(|(start, _)| id.starts_with(start)))
        .collect()
}

pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn compare_file(path: &Path, ids: &[&'static str], tally: &mut Tally) {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (ours, theirs) = (our_fields(path), their_fields(path, ids));
    tally.files += 1;
    if ours.len() != theirs.len() {
        tally.disagreements.push(format!(
            "{name}: {} frames, not {}",
            ours.len(),
            theirs.len()
        ));
    }
    for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        tally.packets += 1;
        for id in ids {
            let (our, their) = (ours.get(*id), theirs.get(*id));
            tally.values += their.map_or(0, Vec::len);
            if our == their {
                continue;
            }
            if is_explained(&name, number + 1, id) {
                tally.explained += 1;
                continue;
            }
            let show = |values: Option<&Vec<String>>| {
                short(&values.cloned().unwrap_or_default().join(", "))
            };
            let number = number + 1;
            let line = format!(
                "{name} #{number} {id}: ours [{}], tshark [{}]",
                show(our),
                show(their)
            );
            tally.disagreements.push(line);
        }
    }
}

fn is_explained(file: &str, frame: usize, id: &str) -> bool {
    EXPLAINED.iter().any(|known| {
        known.file == file
            && (known.frames.is_empty() || known.frames.contains(&frame))
            && known.fields.iter().any(|start| id.starts_with(start))
    })
}

pub fn short(text: &str) -> String {
    if text.chars().count() <= 90 {
        text.to_owned()
    } else {
        text.chars().take(90).chain(['…']).collect()
    }
}

/// What `layerwalk show` says of each frame. A message's fields belong to the frame that completes it, which its line
/// follows.
fn our_fields(path: &Path) -> Vec<Fields> {
    let mut show = Command::new(env!("CARGO_BIN_EXE_layerwalk"));
    let output = run(show.arg("show").arg(path).args(["--format", "jsonl"]));
    let mut frames: Vec<Fields> = Vec::new();
    for line in output.lines() {
        let object: Value = serde_json::from_str(line).expect("a JSON object a line");
        if object.get("message").is_none() {
            frames.push(frame_fields(&object));
        }
        let fields = frames.last_mut().expect("a message follows its frame");
        for field in object["fields"].as_array().expect("fields") {
            let text = |key: &str| field[key].as_str().expect("text").to_owned();
            fields
                .entry(text("id"))
                .or_default()
                .push(escaped(&text("value")));
        }
    }
    frames
}

/// `tshark -T fields` writes what would break a line as two characters.
fn escaped(text: &str) -> String {
    text.replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
}

/// What a frame's line says outside its list of fields.
fn frame_fields(object: &Value) -> Fields {
    let top = object.as_object().expect("an object").iter();
    let own = top.filter(|(key, _)| key.starts_with("frame."));
    own.map(|(key, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), vec![text])
    })
    .collect()
}

fn their_fields(path: &Path, ids: &[&'static str]) -> Vec<Fields> {
    let mut command = Command::new("tshark");
    command.env("LC_ALL", "C.UTF-8");
    command
        .arg("-n")
        .arg("-r")
        .arg(path)
        .args(["-T", "fields", "-E", "separator=/t"]);
    command.args([
        "-E",
        "occurrence=a",
        "-E",
        &format!("aggregator={SEPARATOR}"),
    ]);
    let checks = [
        "ip.check_checksum",
        "tcp.check_checksum",
        "udp.check_checksum",
        "eth.check_fcs",
    ];
    for check in checks {
        command.args(["-o", &format!("{check}:TRUE")]);
    }
    for id in ids {
        command.args(["-e", id]);
    }
    run(&mut command)
        .lines()
        .map(|line| parse_line(line, ids))
        .collect()
}

fn parse_line(line: &str, ids: &[&'static str]) -> Fields {
    let columns = ids.iter().zip(line.split('\t'));
    let present = columns.filter(|(_, column)| !column.is_empty());
    present
        .map(|(id, column)| {
            (
                (*id).to_owned(),
                column.split(SEPARATOR).map(str::to_owned).collect(),
            )
        })
        .collect()
}

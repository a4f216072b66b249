//! The programs of a random scenario: who connects to whom, what both write, and who ends it how.

use std::fmt::Write as _;

use super::Draw;
use super::hosts::Host;
use super::network::Network;

/// Two programs that talk over one connection.
pub(super) struct Talk {
    /// First the one that connects, or both.
    ends: [End; 2],
    port: u64,
    /// Both connect at the same time.
    simultaneous: bool,
}

/// One of two programs.
struct End {
    host: &'static str,
    start: u64,
    echo: bool,
    /// The script, an action a line.
    script: Vec<String>,
    bytes: u64,
    pace: Pace,
    closing: Closing,
}

/// How a program reads.
#[derive(Clone, Copy)]
enum Pace {
    /// All that comes, when it comes.
    AtOnce,
    /// So many bytes at most, with a pause behind them, in milliseconds.
    Slowly { most: u64, every: u64 },
    /// Nothing until so many milliseconds after its last write.
    Late { by: u64 },
}

/// How a program ends its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// Closes as soon as everything is written.
    Close,
    /// Ends its sending side, and reads until the peer has ended its own.
    Shutdown,
    /// Waits until the peer has ended its side.
    AfterPeer,
    /// Breaks it off.
    Abort,
}

impl Closing {
    fn script(self) -> &'static [&'static str] {
        match self {
            Self::Close => &["{ end = \"close\" }"],
            Self::Shutdown => &[
                "{ end = \"shutdown\" }",
                "{ await = \"close\" }",
                "{ end = \"close\" }",
            ],
            Self::AfterPeer => &["{ await = \"close\" }", "{ end = \"close\" }"],
            Self::Abort => &["{ end = \"abort\" }"],
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Close => "closes when that is written",
            Self::Shutdown => "shuts its side down then, and reads to the end",
            Self::AfterPeer => "closes after the other",
            Self::Abort => "aborts then",
        }
    }
}

pub(super) fn draw(draw: &mut Draw, hosts: &[Host], network: &Network) -> Vec<Talk> {
    let count = if draw.percent(70) {
        1
    } else {
        draw.number(2, 3)
    };
    (0..count)
        .map(|index| talk(draw, hosts, network, index))
        .collect()
}

fn talk(draw: &mut Draw, hosts: &[Host], network: &Network, index: u64) -> Talk {
    let first = draw.number(0, hosts.len() as u64 - 1) as usize;
    let step = draw.number(1, hosts.len() as u64 - 1) as usize;
    let pair = [&hosts[first], &hosts[(first + step) % hosts.len()]];
    let simultaneous = draw.percent(15);
    let closings = closings(draw);
    let echo = !simultaneous && closings[1] == Closing::AfterPeer && draw.percent(40);
    let start = draw.pick(&[0, 0, 50, 500]) + index * draw.pick(&[0, 10, 3000]);
    let mut end = |side: usize| {
        let (from, to) = (pair[side], pair[1 - side]);
        let is_echo = echo && side == 1;
        let there = to.receive_buffer.min(from.send_buffer);
        let back = from.receive_buffer.min(to.send_buffer);
        let (script, bytes) = if is_echo {
            (Vec::new(), 0)
        } else {
            // What is sent back has to fit the other two buffers.
            let room = if echo { there.min(back) } else { there };
            let segment = from.payload().min(to.payload()).min(network.payload());
            writes(draw, segment.min(room))
        };
        End {
            host: from.name,
            start: 0,
            echo: is_echo,
            script,
            bytes,
            pace: Pace::AtOnce,
            closing: closings[side],
        }
    };
    let mut ends = [end(0), end(1)];
    let written = ends.each_ref().map(|end| end.bytes);
    // An echo server reads at once, and closes by itself behind what it has sent back.
    for (side, end) in ends.iter_mut().enumerate().filter(|(_, end)| !end.echo) {
        end.pace = pace(draw, written[1 - side].max(written[side]));
        end.finish_script();
    }
    ends[0].start = start;
    if simultaneous {
        // Within the time that a SYN needs, so that the two meet on the way; sometimes not quite.
        ends[1].start = start + draw.number(0, network.delay() + 1);
    }
    Talk {
        ends,
        port: 1000 + index,
        simultaneous,
    }
}

/// How the two end. Mostly so that everything can arrive: whoever ends first reads on until the other has ended, too.
fn closings(draw: &mut Draw) -> [Closing; 2] {
    use Closing::{AfterPeer, Close, Shutdown};
    if draw.percent(75) {
        return draw.pick(&[
            [Shutdown, AfterPeer],
            [AfterPeer, Shutdown],
            [Shutdown, Shutdown],
        ]);
    }
    let mut closings = [closing(draw), closing(draw)];
    // One of them has to begin.
    if closings == [AfterPeer; 2] {
        closings[draw.number(0, 1) as usize] = draw.pick(&[Close, Shutdown]);
    }
    closings
}

fn closing(draw: &mut Draw) -> Closing {
    match draw.number(0, 9) {
        0..3 => Closing::Close,
        3..6 => Closing::Shutdown,
        6..9 => Closing::AfterPeer,
        _ => Closing::Abort,
    }
}

/// How a program reads so many bytes at most: slowly takes it no longer than some minutes.
fn pace(draw: &mut Draw, bytes: u64) -> Pace {
    match draw.number(0, 99) {
        0..15 => Pace::Slowly {
            most: draw.size(bytes.div_ceil(200).max(1), bytes.max(2)),
            every: draw.size(1, 1000),
        },
        15..22 => Pace::Late {
            by: draw.size(1, 20_000),
        },
        _ => Pace::AtOnce,
    }
}

/// Some writes of some bytes, with waits between them: so many that it takes about a hundred segments of this size, now
/// and then some hundreds.
fn writes(draw: &mut Draw, segment: u64) -> (Vec<String>, u64) {
    let is_long = draw.percent(4);
    let segments = if is_long {
        draw.number(150, 400)
    } else {
        draw.size(1, 120)
    };
    let total = segment * segments;
    let (mut script, mut bytes) = (Vec::new(), 0);
    if draw.percent(10) {
        script.push("{ no_delay = true }".to_owned());
    }
    if is_long {
        bytes = total * 2 / 3;
        script.push(format!("{{ send_size = {bytes} }}"));
    }
    for _ in 0..draw.number(0, 5) {
        if draw.percent(40) {
            script.push(format!("{{ wait = \"{} ms\" }}", draw.size(1, 30_000)));
        }
        let size = draw.size(1, total.clamp(1, 200_000));
        let left = total - bytes;
        if size > left {
            break;
        }
        let most_times = (left / size).min(20);
        if most_times > 1 && draw.percent(20) {
            let (times, every) = (draw.number(2, most_times), draw.size(1, 500));
            bytes += size * times;
            script.push(format!(
                "{{ send_size = {size}, times = {times}, every = \"{every} ms\" }}"
            ));
            continue;
        }
        bytes += size;
        script.push(if size <= 40 {
            let mut random = vec![0; size as usize];
            draw.0.fill(&mut random);
            let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{{ send_hex = \"{hex}\" }}")
        } else {
            format!("{{ send_size = {size} }}")
        });
    }
    if draw.percent(30) {
        script.push(format!("{{ wait = \"{} ms\" }}", draw.size(1, 10_000)));
    }
    (script, bytes)
}

impl End {
    /// Puts around the writes how it reads, and behind them how it ends.
    fn finish_script(&mut self) {
        let (first, then) = match self.pace {
            Pace::AtOnce => (None, None),
            Pace::Slowly { most, every } => {
                let slowly = format!("{{ read_size = {most}, every = \"{every} ms\" }}");
                (Some(slowly), None)
            }
            Pace::Late { by } => {
                let late = format!("{{ wait = \"{by} ms\" }},\n  {{ reading = true }}");
                (Some("{ reading = false }".to_owned()), Some(late))
            }
        };
        self.script.splice(..0, first);
        self.script.extend(then);
        let ending = self.closing.script().iter();
        self.script.extend(ending.map(|&action| action.to_owned()));
    }
}

impl Talk {
    pub fn in_words(&self) -> String {
        let [a, b] = &self.ends;
        let opening = if self.simultaneous {
            format!(
                "{} and {} connect to each other at the same time.",
                a.host, b.host
            )
        } else {
            format!("{} connects to {}, port {}.", a.host, b.host, self.port)
        };
        let end = |end: &End| {
            let does = match (end.echo, end.bytes) {
                (true, _) => "sends back what comes".to_owned(),
                (false, 0) => "writes nothing".to_owned(),
                (false, 1) => "writes 1 byte".to_owned(),
                (false, bytes) => format!("writes {bytes} bytes"),
            };
            let reads = match end.pace {
                Pace::AtOnce => String::new(),
                Pace::Slowly { most, every } => {
                    format!(", reads at most {most} bytes every {every} ms")
                }
                Pace::Late { by } => format!(", reads nothing until {by} ms after that"),
            };
            format!(
                " {} {does}{reads}, and {}.",
                end.host,
                end.closing.in_words()
            )
        };
        format!("{opening}{}{}", end(a), end(b))
    }

    pub fn write(&self, text: &mut String) {
        let [a, b] = &self.ends;
        let port = self.port;
        if self.simultaneous {
            connector(text, a, b.host, port + 10, Some(port));
            connector(text, b, a.host, port, Some(port + 10));
        } else {
            let Self {
                ends:
                    [
                        _,
                        End {
                            host, echo, script, ..
                        },
                    ],
                ..
            } = self;
            let _ = write!(
                text,
                "\n[[app]]\non = \"{host}\"\nkind = \"tcp-server\"\nport = {port}\n"
            );
            if *echo {
                text.push_str("echo = true\n");
            }
            write_script(text, script);
            connector(text, a, b.host, port, None);
        }
    }
}

fn connector(text: &mut String, end: &End, to: &str, port: u64, local_port: Option<u64>) {
    let End {
        host,
        start,
        script,
        ..
    } = end;
    let _ = write!(
        text,
        "\n[[app]]\non = \"{host}\"\nkind = \"tcp-client\"\nto = \"{to}:{port}\"\nstart = \"{start} ms\"\n"
    );
    if let Some(local_port) = local_port {
        let _ = writeln!(text, "local_port = {local_port}");
    }
    write_script(text, script);
}

fn write_script(text: &mut String, script: &[String]) {
    if !script.is_empty() {
        let _ = writeln!(text, "script = [\n  {},\n]", script.join(",\n  "));
    }
}

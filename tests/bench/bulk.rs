//! Bulk transfer, measured: two hosts of ours back to back, in the simulator with recording off and on, and beside
//! them in the same run a pair of smoltcp hosts.
//!
//! `cargo bench` runs it; `docs/benchmark.md` says what it measures. Run as a test (`cargo test --benches`), it does
//! everything once with few bytes.

mod hosts;
mod memory;
mod peer;
mod transfer;
mod world;

use std::process::Command;
use std::time::Duration;

use layerwalk::walk::Walk;

use transfer::{Acks, Transfer, data};
use world::Recording;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

const MIB: usize = 1 << 20;

/// How much is done.
struct Scale {
    /// The bytes of a transfer.
    bytes: usize,
    /// The bytes that each of many pairs transfers.
    bytes_a_pair: usize,
    /// How often everything is done; the best time counts.
    rounds: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, recording, bytes] = args.as_slice()
        && flag == ALONE
    {
        return alone(recording, bytes);
    }
    let measures = args.iter().any(|arg| arg == "--bench");
    let scale = if measures {
        Scale {
            bytes: 16 * MIB,
            bytes_a_pair: MIB / 2,
            rounds: 9,
        }
    } else {
        Scale {
            bytes: MIB / 4,
            bytes_a_pair: MIB / 64,
            rounds: 1,
        }
    };
    compare(&scale);
    more_bytes(&scale);
    more_hosts(&scale);
    memory(&scale);
}

/// A measured run.
#[derive(Debug, Clone, Copy)]
struct Run {
    bytes: usize,
    frames: usize,
    wall: Duration,
}

impl Run {
    fn frames_a_second(self) -> f64 {
        self.frames as f64 / self.wall.as_secs_f64()
    }

    /// Seconds for a simulated gigabyte (10⁹ bytes).
    fn seconds_a_gigabyte(self) -> f64 {
        self.wall.as_secs_f64() / self.bytes as f64 * 1e9
    }

    /// How many times as long as `other` it takes for a byte.
    fn times(self, other: Self) -> f64 {
        self.seconds_a_gigabyte() / other.seconds_a_gigabyte()
    }
}

/// Measures `body`, which says how many frames it sent for so many bytes. What it needs and leaves behind is made and
/// dropped outside of the measured time.
fn measure<T>(bytes: usize, body: impl FnOnce() -> T, frames: impl FnOnce(&T) -> usize) -> Run {
    let begin = now();
    let result = body();
    let wall = now() - begin;
    let frames = frames(&result);
    Run {
        bytes,
        frames,
        wall,
    }
}

/// The time that this thread has had of a processor. There is one thread, which waits for nothing: on an idle machine
/// that is the time of the wall, and on a busy one it is what that would be.
fn now() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is there to be written to.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(done, 0, "the clock of the thread can be read");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn simulate(pairs: usize, transfer: Transfer, data: &[u8], recording: Recording) -> Run {
    let spec = world::spec(pairs, transfer, data, recording);
    measure(
        pairs * transfer.bytes,
        || world::run(&spec, pairs, transfer),
        |outcome| outcome.frames.len(),
    )
}

/// The best of several runs, taken in turns, so that what else the machine does meets all alike.
fn best<const N: usize>(rounds: usize, mut run: impl FnMut(usize) -> Run) -> [Run; N] {
    let mut best: [Option<Run>; N] = [None; N];
    for _ in 0..rounds {
        for (which, best) in best.iter_mut().enumerate() {
            let run = run(which);
            if best.is_none_or(|best| run.wall < best.wall) {
                *best = Some(run);
            }
        }
    }
    best.map(|run| run.expect("at least one round"))
}

/// Who takes part in the comparison.
#[derive(Debug, Clone, Copy)]
enum Contestant {
    Smoltcp,
    Hosts(Acks),
    Simulator(Acks, Recording),
}

use Contestant::{Hosts, Simulator, Smoltcp};

const CONTESTANTS: [Contestant; 8] = [
    Smoltcp,
    Hosts(Acks::Delayed),
    Simulator(Acks::Delayed, Recording::Off),
    Simulator(Acks::Delayed, Recording::Frames),
    Simulator(Acks::Delayed, Recording::On),
    Hosts(Acks::Each),
    Simulator(Acks::Each, Recording::Off),
    Simulator(Acks::Each, Recording::On),
];

impl Contestant {
    fn name(self) -> String {
        let of = |acks| match acks {
            Acks::Each => "each segment acked",
            Acks::Delayed => "delayed ACKs",
        };
        match self {
            Smoltcp => "smoltcp, two hosts".to_owned(),
            Hosts(acks) => format!("ours, two hosts, {}", of(acks)),
            Simulator(acks, recording) => format!("simulator, {}, {}", recording.name(), of(acks)),
        }
    }

    fn run(self, bytes: usize, lossy: bool, data: &[u8]) -> Run {
        let transfer = |acks| Transfer { bytes, lossy, acks };
        let frames = |frames: &usize| *frames;
        match self {
            // It has its own way to acknowledge.
            Smoltcp => measure(bytes, || peer::run(1, transfer(Acks::Each), data), frames),
            Hosts(acks) => measure(bytes, || hosts::run(transfer(acks), data), frames),
            Simulator(acks, recording) => simulate(1, transfer(acks), data, recording),
        }
    }
}

fn compare(scale: &Scale) {
    let data = data(scale.bytes);
    for lossy in [false, true] {
        let runs: [Run; CONTESTANTS.len()] = best(scale.rounds, |which| {
            CONTESTANTS[which].run(scale.bytes, lossy, &data)
        });
        let link = if lossy { "1% loss" } else { "a clean link" };
        println!(
            "\n{} MiB over one connection, {link}",
            scale.bytes as f64 / MIB as f64
        );
        head("to smoltcp");
        for (contestant, run) in CONTESTANTS.into_iter().zip(runs) {
            row(&contestant.name(), run, run.times(runs[0]));
        }
        println!(
            "recording on costs {:.2} times what recording off does, {:.2} times what keeping the frames does;\n\
             with each segment acknowledged {:.2} times what recording off does",
            runs[4].times(runs[2]),
            runs[4].times(runs[3]),
            runs[7].times(runs[6])
        );
    }
}

fn more_bytes(scale: &Scale) {
    for recording in [Recording::Off, Recording::On] {
        let runs: [Run; 3] = best(scale.rounds.min(5), |which| {
            in_own_process(recording, (scale.bytes / 2) << which)
        });
        let name = recording.name();
        println!("\nSimulator, {name}, more bytes, each in a process of its own");
        head("to the first");
        for run in runs {
            let name = format!("{} MiB", run.bytes as f64 / MIB as f64);
            row(&name, run, run.times(runs[0]));
        }
    }
}

/// The first argument of a process that does one transfer in the simulator, and tells its frames and its time.
const ALONE: &str = "--alone";

/// One transfer as a user's run does it, in a process that has done nothing before: a short one does not live on memory
/// that a longer one cannot find again.
fn in_own_process(recording: Recording, bytes: usize) -> Run {
    let mut this = Command::new(std::env::current_exe().expect("the path of the benchmark"));
    let done = this
        .args([ALONE, recording.name(), &bytes.to_string()])
        .output();
    let told = String::from_utf8(done.expect("the benchmark starts itself").stdout);
    let told = told.expect("two numbers");
    let numbers: Option<(usize, u64)> = told
        .split_once(' ')
        .and_then(|(frames, wall)| Some((frames.parse().ok()?, wall.trim_end().parse().ok()?)));
    let (frames, wall) = numbers.expect("frames and nanoseconds");
    Run {
        bytes,
        frames,
        wall: Duration::from_nanos(wall),
    }
}

fn alone(recording: &str, bytes: &str) {
    let all = [Recording::Off, Recording::On];
    let recording = all.into_iter().find(|one| one.name() == recording);
    let transfer = Transfer {
        bytes: bytes.parse().expect("a number of bytes"),
        lossy: false,
        acks: Acks::Delayed,
    };
    let data = data(transfer.bytes);
    let run = simulate(1, transfer, &data, recording.expect("off or on"));
    println!("{} {}", run.frames, run.wall.as_nanos());
}

fn more_hosts(scale: &Scale) {
    let transfer = Transfer {
        bytes: scale.bytes_a_pair,
        lossy: false,
        acks: Acks::Delayed,
    };
    let data = data(transfer.bytes);
    // what as many pairs cost smoltcp tells what the machine's caches have to do with it
    for recording in [None, Some(Recording::Off), Some(Recording::On)] {
        let runs: [Run; 3] = best(scale.rounds.min(5), |which| {
            let pairs = [1, 10, 100][which];
            match recording {
                Some(recording) => simulate(pairs, transfer, &data, recording),
                None => measure(
                    pairs * transfer.bytes,
                    || peer::run(pairs, transfer, &data),
                    |frames| *frames,
                ),
            }
        });
        let whose = recording.map_or("smoltcp".to_owned(), |recording| {
            format!("Simulator, {}", recording.name())
        });
        println!("\n{whose}, more pairs of hosts");
        head("to the first");
        for run in runs {
            let pairs = run.bytes / transfer.bytes;
            let name = format!("{pairs} x {} MiB", transfer.bytes as f64 / MIB as f64);
            row(&name, run, run.times(runs[0]));
        }
    }
}

/// What a run leaves behind, and what the walk through it needs.
fn memory(scale: &Scale) {
    let bytes = scale.bytes / 2;
    let transfer = Transfer {
        bytes,
        lossy: false,
        acks: Acks::Delayed,
    };
    let data = data(bytes);
    println!("\nMemory that stays, for each frame sent");
    for recording in [Recording::Off, Recording::Frames, Recording::On] {
        let spec = world::spec(1, transfer, &data, recording);
        let before = memory::live();
        let outcome = world::run(&spec, 1, transfer);
        let (frames, records) = (outcome.frames.len(), outcome.log.records().len());
        let on_wire: usize = outcome.frames.iter().map(|frame| frame.bytes.len()).sum();
        let left = (memory::live() - before) as f64 / frames as f64;
        println!(
            "{:<14} {left:>8.0} bytes, of them {:.0} on the wire, {:.1} records",
            recording.name(),
            on_wire as f64 / frames as f64,
            records as f64 / frames as f64
        );
        if recording == Recording::On {
            let begin = now();
            let walk = Walk::from_outcome("bulk", 1, outcome);
            let (wall, steps) = (now() - begin, walk.steps().len());
            let all = (memory::live() - before) as f64 / frames as f64;
            println!(
                "with the walk  {all:>8.0} bytes; it was built in {:.2} s, {:.0} frames/s, {:.1} steps a frame",
                wall.as_secs_f64(),
                frames as f64 / wall.as_secs_f64(),
                steps as f64 / frames as f64
            );
        }
    }
}

fn head(ratio: &str) {
    println!(
        "{:<48} {:>9} {:>10} {:>9} {ratio:>13}",
        "", "frames", "frames/s", "s/GB"
    );
}

fn row(name: &str, run: Run, ratio: f64) {
    println!(
        "{name:<48} {:>9} {:>10.0} {:>9.2} {ratio:>13.2}",
        run.frames,
        run.frames_a_second(),
        run.seconds_a_gigabyte()
    );
}

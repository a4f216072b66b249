//! Network namespaces, and processes in them, for the tests of live captures. Every wait has an end: captures have a
//! duration, and what does not end by itself is killed when it is dropped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use layerwalk::live::Tap;

use super::BINARY;

/// Longer than anything here takes, also on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(30);

/// A network namespace of its own; it goes when this is dropped.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A host with loopback alone. IPv6 is off: nothing speaks by itself.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("layerwalk-{}-{number}", std::process::id());
        run_ok(Command::new("ip").args(["netns", "add", &name]));
        let namespace = Self { name };
        for scope in ["all", "default"] {
            let off = format!("echo 1 > /proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
            run_ok(&mut namespace.command("sh", &["-c", &off]));
        }
        run_ok(&mut namespace.ip(&["link", "set", "lo", "up"]));
        namespace
    }

    /// Two hosts with a cable: veth0 is 10.9.0.1, veth1 is 10.9.0.2.
    pub fn pair() -> (Self, Self) {
        let (left, right) = (Self::new(), Self::new());
        let cable = [
            "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns",
        ];
        run_ok(left.ip(&cable).arg(&right.name));
        for (host, interface, addr) in [
            (&left, "veth0", "10.9.0.1/24"),
            (&right, "veth1", "10.9.0.2/24"),
        ] {
            run_ok(&mut host.ip(&["addr", "add", addr, "dev", interface]));
            run_ok(&mut host.ip(&["link", "set", interface, "up"]));
        }
        (left, right)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Moves this thread into the namespace, for good.
    pub fn enter(&self) {
        let place = File::open(format!("/var/run/netns/{}", self.name)).expect("it is there");
        // SAFETY: an open descriptor and a number; it concerns this thread alone.
        let moved = unsafe { libc::setns(place.as_raw_fd(), libc::CLONE_NEWNET) };
        assert_eq!(moved, 0, "{}", std::io::Error::last_os_error());
    }

    /// Does something in the namespace, in a thread of its own.
    pub fn within<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let enter_and_do = || {
            self.enter();
            what()
        };
        thread::scope(|scope| scope.spawn(enter_and_do).join().expect("it is done"))
    }

    /// Makes a TAP device in the namespace.
    pub fn tap(&self, name: &str) -> Tap {
        self.within(|| Tap::open(name).expect("a TAP device"))
    }

    /// A command of `ip` in the namespace.
    pub fn ip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name]).args(arguments);
        command
    }

    /// A command in the namespace.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name, program])
            .args(arguments);
        command
    }

    /// Starts a process in the namespace.
    pub fn spawn(&self, program: &str, arguments: &[&str]) -> Process {
        Process::start(self.command(program, arguments))
    }

    /// Frames that an interface has received and sent, by its own counters.
    pub fn frames_of(&self, interface: &str) -> usize {
        let table = run_ok(&mut self.command("cat", &["/proc/net/dev"]));
        let rows = table.lines().map(str::split_whitespace);
        let counters = rows.map(Iterator::collect::<Vec<_>>);
        let mut row = counters.filter(|row| row[0] == format!("{interface}:"));
        let row = row.next().expect("the interface");
        row[2].parse::<usize>().expect("received") + row[10].parse::<usize>().expect("sent")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
    }
}

/// Runs a command to its end, which must be good; what it wrote to standard output.
pub fn run_ok(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command to its end, which must have this exit code; what it wrote to standard error.
pub fn run(command: &mut Command, code: i32) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(output.status.code(), Some(code), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running process whose output is read line by line; it is killed when this is dropped.
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Lines as they come, and whether they come from standard error.
    lines: Receiver<(bool, String)>,
    /// The lines that were read so far.
    seen: String,
    /// The last line on standard error.
    last_error: String,
}

impl Process {
    /// Starts it.
    pub fn start(mut command: Command) -> Self {
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, lines) = mpsc::channel();
        let outputs: [(bool, Box<dyn Read + Send>); 2] = [
            (
                false,
                Box::new(child.stdout.take().expect("standard output")),
            ),
            (true, Box::new(child.stderr.take().expect("standard error"))),
        ];
        for (is_error, output) in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send((is_error, line));
                }
            });
        }
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            lines,
            seen: String::new(),
            last_error: String::new(),
        }
    }

    /// Waits for a line that starts so, and returns it.
    pub fn wait_for_line(&mut self, start: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line `{start}…` after: {}", self.seen));
            let found = line.1.starts_with(start).then(|| line.1.clone());
            self.note(line);
            if let Some(line) = found {
                return line;
            }
        }
    }

    fn note(&mut self, (is_error, line): (bool, String)) {
        self.seen += &format!("{line}\n");
        if is_error {
            self.last_error = line;
        }
    }

    /// Writes to its standard input.
    pub fn tell(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("standard input");
        stdin.write_all(text.as_bytes()).expect("it listens");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        run_ok(Command::new("kill").arg(signal).arg(self.id().to_string()));
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the kernel says of the process.
    pub fn status(&self) -> BTreeMap<String, String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("it runs");
        let lines = status.lines().filter_map(|line| line.split_once(':'));
        lines
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect()
    }

    /// Waits for its end by a signal that it could not answer.
    pub fn wait_killed(&mut self) {
        let status = self.child.wait().expect("a child");
        assert_eq!(status.code(), None, "{}", self.seen);
    }

    /// Waits for its end, which must have this exit code; all that it wrote.
    pub fn wait(&mut self, code: i32) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.note(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end after: {}", self.seen),
            }
        }
        let status = self.child.wait().expect("a child");
        assert_eq!(status.code(), Some(code), "{}", self.seen);
        self.seen.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file in a folder of its own; both go when this is dropped.
pub struct Saved {
    folder: tempfile::TempDir,
}

impl Saved {
    /// A place for it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("capture.pcapng")
    }
}

/// The program, capturing into a file.
pub struct Capturing {
    pub process: Process,
    file: Saved,
}

impl Capturing {
    /// Starts it, and waits until it captures.
    pub fn start(host: &Namespace, interface: &str, more: &[&str]) -> Self {
        Self::start_with(host, interface, more, &[])
    }

    /// Starts it with these variables (`NAME=VALUE`) in its environment, and waits until it captures.
    pub fn start_with(host: &Namespace, interface: &str, more: &[&str], env: &[&str]) -> Self {
        let file = Saved::new();
        let path = file.path();
        let mut arguments = vec!["-u", "SUDO_UID", "-u", "SUDO_GID"];
        arguments.extend(env);
        arguments.extend([
            BINARY,
            "capture",
            "-i",
            interface,
            "-w",
            path.to_str().expect("a path"),
        ]);
        arguments.extend(more);
        if !more.contains(&"--duration") {
            arguments.extend(["--duration", "60s"]);
        }
        let mut process = host.spawn("env", &arguments);
        process.wait_for_line(&format!("capturing on {interface}"));
        Self { process, file }
    }

    /// Ends it as Ctrl-C does; the file and the summary.
    pub fn interrupt(self) -> (Saved, String) {
        self.process.signal("-INT");
        self.end(0)
    }

    /// Waits for its own end, with this exit code; the file and the last line on standard error.
    pub fn end(mut self, code: i32) -> (Saved, String) {
        self.process.wait(code);
        (self.file, self.process.last_error.clone())
    }

    /// Kills it without warning; the file.
    pub fn kill(mut self) -> Saved {
        self.process.child.kill().expect("it runs");
        self.process.child.wait().expect("a child");
        self.file
    }
}

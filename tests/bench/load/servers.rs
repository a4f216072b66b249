//! The servers, each a process of its own.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};

/// The argument with which this program is the server of socketioxide.
pub const OXIDE: &str = "--serve-socketioxide";

/// A server, and how it is started.
pub struct Server {
    pub name: &'static str,
    command: fn() -> Command,
}

/// All that are measured.
pub const SERVERS: [Server; 3] = [
    Server {
        name: "layerwalk serve",
        command: layerwalk,
    },
    Server {
        name: "socket.io (npm)",
        command: node,
    },
    Server {
        name: "socketioxide",
        command: oxide,
    },
];

fn layerwalk() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerwalk"));
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/load/server.toml");
    command.args(["serve", scenario, "--listen", "127.0.0.1:0", "--silent"]);
    command.args(["--max-events", "1000000"]);
    command
}

fn node() -> Command {
    let mut command = Command::new("node");
    command.arg(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/bench/load/server.js"
    ));
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/node_modules");
    command.env("NODE_PATH", modules);
    command
}

fn oxide() -> Command {
    let own = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(own);
    command.arg(OXIDE);
    command
}

/// A server that runs.
pub struct Running {
    child: Child,
    _output: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it, and waits until it says where it listens.
    pub fn start(&self) -> io::Result<Running> {
        let mut child = (self.command)().stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        let mut output = BufReader::new(stdout);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line
            .trim()
            .trim_start_matches("listening at http://")
            .trim_end_matches('/');
        let address = address
            .parse()
            .map_err(|_| io::Error::other(format!("it said {line:?}")));
        match address {
            Ok(address) => Ok(Running {
                child,
                _output: output,
                address,
            }),
            Err(error) => {
                child.kill()?;
                Err(error)
            }
        }
    }
}

impl Running {
    /// Nanoseconds that it has had of a processor, all threads together.
    pub fn processor_time(&self) -> io::Result<u64> {
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text
                .split_whitespace()
                .next()
                .and_then(|number| number.parse::<u64>().ok());
            sum += first.ok_or_else(|| io::Error::other("no time in schedstat"))?;
        }
        Ok(sum)
    }

    /// Kilobytes that it has in memory.
    pub fn memory(&self) -> io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server of socketioxide: echoes, and tells all.
pub fn run_oxide() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let (layer, io) = SocketIo::new_layer();
        io.ns("/", async |socket: SocketRef| {
            socket.on(
                "echo",
                async |socket: SocketRef, Data(text): Data<String>| {
                    let _ = socket.emit("echo", &text);
                },
            );
            socket.on("all", async |io: SocketIo, Data(text): Data<String>| {
                let _ = io.emit("all", &text).await;
            });
        });
        let app = axum::Router::new().layer(layer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        println!("listening at http://{address}/");
        axum::serve(listener, app).await.expect("it serves");
    });
}

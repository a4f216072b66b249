//! A client's machine on real sockets: [`Connected`].
//!
//! Each carrier that the machine asks for is a TCP connection with a task of its own; what a task hears is told to the
//! machine, one thing after the other, by [`Connected::next`].

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::clock::{Clock, epoch};
use super::serve::Witness;
use crate::base::{NodeId, Time};
use crate::stack::cx::Cx;
use crate::stack::engineio::{ClientOrder, Slot};
use crate::stack::record::{ConnId, Log};

/// So many bytes are read from a connection at a time.
const READ: usize = 64 * 1024;
/// How long a connection that is closed waits for the peer's end.
const LINGER: Duration = Duration::from_secs(1);

/// A machine that asks for carriers, and speaks on them.
pub trait Machine {
    /// What it tells.
    type Event;
    /// The carrier of this slot is connected.
    fn handle_open(&mut self, cx: &mut Cx<'_>, slot: Slot, conn: ConnId);
    /// Bytes came.
    fn handle_input(&mut self, cx: &mut Cx<'_>, slot: Slot, bytes: &[u8]);
    /// The peer will send nothing more.
    fn handle_end(&mut self, cx: &mut Cx<'_>, slot: Slot);
    /// The carrier is no more, or could not be had.
    fn handle_gone(&mut self, cx: &mut Cx<'_>, slot: Slot);
    /// A time of [`Machine::poll_timeout`] has come.
    fn handle_timeout(&mut self, cx: &mut Cx<'_>);
    /// When it wants to be called.
    fn poll_timeout(&self) -> Option<Time>;
    /// What happened.
    fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<Self::Event>;
    /// What is to be done with a carrier.
    fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<ClientOrder>;
}

/// A machine and its connections to one server, in a runtime with I/O and time.
pub struct Connected<M> {
    machine: M,
    host: String,
    port: u16,
    clock: Clock,
    since: Time,
    lines: BTreeMap<Slot, (ConnId, UnboundedSender<Order>)>,
    tasks: JoinSet<()>,
    tell: UnboundedSender<(Slot, ConnId, Happened)>,
    told: UnboundedReceiver<(Slot, ConnId, Happened)>,
    next_conn: u32,
    trouble: Option<String>,
    witness: Box<dyn Witness>,
}

/// What a line is told to do.
#[derive(Debug)]
enum Order {
    Send(Bytes),
    Close,
}

/// What happened to a line.
#[derive(Debug)]
enum Happened {
    Opened(Option<(SocketAddr, SocketAddr)>),
    Input(Vec<u8>),
    Ended,
    Gone(io::Error),
}

impl<M: Machine> Connected<M> {
    /// The machine, whose carriers will go to this server; what passes is shown to `witness`.
    pub fn new(machine: M, host: &str, port: u16, witness: Box<dyn Witness>) -> Self {
        let (tell, told) = unbounded_channel();
        Self {
            machine,
            host: host.to_owned(),
            port,
            clock: Clock::start(),
            since: epoch(),
            lines: BTreeMap::new(),
            tasks: JoinSet::new(),
            tell,
            told,
            next_conn: 0,
            trouble: None,
            witness,
        }
    }

    /// The machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The time since it was made.
    pub fn elapsed(&self) -> Duration {
        self.clock.now().since(Time::ZERO)
    }

    /// How long after it was made this time was.
    pub fn elapsed_at(&self, at: Time) -> Duration {
        at.since(self.since)
    }

    /// Why the last connection that failed did, in the system's words; it is told once.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// Calls the machine. What follows from it comes with [`Connected::next`].
    pub fn call<T>(&mut self, what: impl FnOnce(&mut M, &mut Cx<'_>) -> T) -> T {
        let mut log = Log::off();
        let mut cx = Cx {
            now: self.now(),
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        what(&mut self.machine, &mut cx)
    }

    /// Goes on until the machine tells something. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> M::Event {
        loop {
            if let Some(event) = self.next_unless(|_| false).await {
                return event;
            }
        }
    }

    /// As [`Connected::next`], but only as long as the machine is not done with everything: `None` then.
    pub async fn next_unless(&mut self, is_over: impl Fn(&M) -> bool) -> Option<M::Event> {
        loop {
            if let Some(event) = self.call(|machine, cx| machine.poll_event(cx)) {
                return Some(event);
            }
            while let Some(order) = self.call(|machine, cx| machine.poll_order(cx)) {
                self.obey(order);
            }
            if is_over(&self.machine) {
                return None;
            }
            self.wait().await;
        }
    }

    /// Lets the connections send what they still have, and end, for at most so long.
    pub async fn finish(mut self, most: Duration) {
        while let Some(order) = self.call(|machine, cx| machine.poll_order(cx)) {
            self.obey(order);
        }
        self.lines.clear();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(most, all).await;
    }

    /// Waits until something happens to a connection, or the machine wants to be called.
    async fn wait(&mut self) {
        let due = self.machine.poll_timeout();
        let span = due.map(|due| due.since(self.now()));
        let rung = async {
            match span {
                Some(span) => tokio::time::sleep(span).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some((slot, conn, happened)) = self.told.recv() => self.take(slot, conn, happened),
            () = rung => {
                if due.is_some_and(|due| due <= self.now()) {
                    self.call(|machine, cx| machine.handle_timeout(cx));
                }
            }
        }
        while self.tasks.try_join_next().is_some() {}
    }

    fn take(&mut self, slot: Slot, conn: ConnId, happened: Happened) {
        let now = self.now();
        match happened {
            Happened::Opened(addresses) => {
                if let Some((local, remote)) = addresses {
                    self.witness.opened(now, conn, local, remote);
                }
                self.call(|machine, cx| machine.handle_open(cx, slot, conn));
            }
            Happened::Input(bytes) => {
                self.witness.passed(now, conn, false, &bytes);
                self.call(|machine, cx| machine.handle_input(cx, slot, &bytes));
            }
            Happened::Ended => {
                self.witness.ended(now, conn, false);
                self.call(|machine, cx| machine.handle_end(cx, slot));
            }
            Happened::Gone(error) => {
                self.witness.ended(now, conn, false);
                self.lines.remove(&slot);
                self.trouble = Some(error.to_string());
                self.call(|machine, cx| machine.handle_gone(cx, slot));
            }
        }
    }

    fn obey(&mut self, order: ClientOrder) {
        let now = self.now();
        match order {
            ClientOrder::Open(slot) => {
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                let (sender, orders) = unbounded_channel();
                self.lines.insert(slot, (conn, sender));
                let line = Line {
                    slot,
                    conn,
                    tell: self.tell.clone(),
                };
                self.tasks
                    .spawn(line.attend(self.host.clone(), self.port, orders));
            }
            ClientOrder::Send(slot, bytes) => {
                if let Some((conn, line)) = self.lines.get(&slot) {
                    self.witness.passed(now, *conn, true, &bytes);
                    // A line whose task has ended says so itself.
                    let _ = line.send(Order::Send(bytes));
                }
            }
            ClientOrder::Close(slot) => {
                if let Some((conn, line)) = self.lines.remove(&slot) {
                    self.witness.ended(now, conn, true);
                    let _ = line.send(Order::Close);
                }
            }
        }
    }

    fn now(&self) -> Time {
        self.since + self.elapsed()
    }
}

/// One connection, as its own task sees it.
struct Line {
    slot: Slot,
    conn: ConnId,
    tell: UnboundedSender<(Slot, ConnId, Happened)>,
}

impl Line {
    async fn attend(self, host: String, port: u16, orders: UnboundedReceiver<Order>) {
        let stream = match TcpStream::connect((host.as_str(), port)).await {
            Ok(stream) => stream,
            Err(error) => return self.tell(Happened::Gone(error)),
        };
        // It only changes how fast it goes.
        let _ = stream.set_nodelay(true);
        let addresses = stream.local_addr().ok().zip(stream.peer_addr().ok());
        self.tell(Happened::Opened(addresses));
        let (reader, writer) = stream.into_split();
        tokio::select! {
            () = self.read(reader) => {}
            () = write(writer, orders) => {}
        }
    }

    /// Reads as long as there is a connection; after the peer's end the writer decides when it is over.
    async fn read(&self, mut reader: OwnedReadHalf) {
        let mut buffer = vec![0; READ];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => {
                    self.tell(Happened::Ended);
                    return std::future::pending().await;
                }
                Ok(len) => self.tell(Happened::Input(buffer[..len].to_vec())),
                Err(error) => return self.tell(Happened::Gone(error)),
            }
        }
    }

    fn tell(&self, happened: Happened) {
        // Nobody listens any more when all is over.
        let _ = self.tell.send((self.slot, self.conn, happened));
    }
}

/// Writes what is ordered, until the connection is to be closed.
async fn write(mut writer: OwnedWriteHalf, mut orders: UnboundedReceiver<Order>) {
    while let Some(Order::Send(bytes)) = orders.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            // The reader says why.
            return std::future::pending().await;
        }
    }
    let _ = writer.shutdown().await;
    let stream: &TcpStream = writer.as_ref();
    // What the peer still sends must not reset the connection before it has read all (RFC 9112 §9.6).
    let rest = async {
        let mut buffer = [0; 4096];
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

impl Machine for crate::stack::socketio::Client {
    type Event = crate::stack::socketio::ClientEvent;

    fn handle_open(&mut self, cx: &mut Cx<'_>, slot: Slot, conn: ConnId) {
        self.handle_open(cx, slot, Some(conn));
    }

    fn handle_input(&mut self, cx: &mut Cx<'_>, slot: Slot, bytes: &[u8]) {
        self.handle_input(cx, slot, bytes);
    }

    fn handle_end(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        self.handle_end(cx, slot);
    }

    fn handle_gone(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        self.handle_gone(cx, slot);
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.handle_timeout(cx);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.poll_timeout()
    }

    fn poll_event(&mut self, cx: &mut Cx<'_>) -> Option<Self::Event> {
        self.poll_event(cx)
    }

    fn poll_order(&mut self, cx: &mut Cx<'_>) -> Option<ClientOrder> {
        self.poll_order(cx)
    }
}

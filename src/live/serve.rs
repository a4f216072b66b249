//! A [`Service`] on real sockets: [`Server`].
//!
//! Everything runs in one thread. Each connection has a task that waits for it; whatever a task hears it tells the
//! service, and what the service orders, for whichever connection, is carried out at once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncReadExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};

use super::clock::{Clock, epoch};
use crate::base::{NodeId, Time};
use crate::sim::app::{Order, Said, Service};
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, Log};

/// So many bytes are read from a connection at a time.
const READ: usize = 64 * 1024;
/// How long clients have to take what was sent when the server ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a connection that is closed waits for the peer's end.
const LINGER: Duration = Duration::from_secs(1);
/// How long a connection that is to be closed waits for the peer to take what was sent.
const DRAIN: Duration = Duration::from_secs(30);

/// What one connection too many is told (RFC 9110 §15.6.4).
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How much a server takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most connections at one time; one more is told so, and closed at once.
    pub connections: usize,
    /// So many bytes may wait for a client that does not read; it is cut off when more is sent to it.
    pub unsent: usize,
}

/// A service that listens on real sockets.
pub struct Server {
    shared: Rc<Shared>,
    listeners: Vec<TcpListener>,
}

/// What all tasks share.
struct Shared {
    service: RefCell<Box<dyn Service>>,
    lines: RefCell<BTreeMap<ConnId, Rc<Line>>>,
    clock: Clock,
    since: Time,
    limits: Limits,
    next_conn: Cell<u32>,
    /// The service wants to be called earlier than was known.
    earlier: Notify,
    due: Cell<Option<Time>>,
    say: Box<dyn Fn(Said)>,
    witness: Box<dyn Witness>,
    /// A line was closed or has sent all.
    progress: Notify,
}

/// Somebody who sees all bytes that pass.
pub trait Witness {
    /// A connection was made.
    fn opened(&self, _now: Time, _conn: ConnId, _local: SocketAddr, _remote: SocketAddr) {}
    /// Bytes came from the client, or go to it.
    fn passed(&self, _now: Time, _conn: ConnId, _from_client: bool, _bytes: &[u8]) {}
    /// A side has ended.
    fn ended(&self, _now: Time, _conn: ConnId, _by_client: bool) {}
}

/// Nobody.
impl Witness for () {}

/// A connection as the others see it.
struct Line {
    conn: ConnId,
    peer: SocketAddr,
    writer: OwnedWriteHalf,
    unsent: RefCell<VecDeque<Bytes>>,
    unsent_bytes: Cell<usize>,
    /// What it shall do when all is sent.
    end: Cell<End>,
    /// There is something to do for the task of this connection.
    wake: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It goes on.
    Open,
    /// It is closed.
    Close,
    /// It is broken off.
    Abort,
}

impl Server {
    /// Listens at these addresses, in the runtime that this is called in; what happens is told to `say`, and what
    /// passes to `witness`.
    ///
    /// # Errors
    /// If an address cannot be listened at.
    pub async fn bind(
        addresses: &[SocketAddr],
        service: Box<dyn Service>,
        limits: Limits,
        say: Box<dyn Fn(Said)>,
        witness: Box<dyn Witness>,
    ) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for address in addresses {
            listeners.push(TcpListener::bind(address).await?);
        }
        let shared = Shared {
            service: RefCell::new(service),
            lines: RefCell::new(BTreeMap::new()),
            clock: Clock::start(),
            since: epoch(),
            limits,
            next_conn: Cell::new(0),
            earlier: Notify::new(),
            due: Cell::new(None),
            say,
            witness,
            progress: Notify::new(),
        };
        let shared = Rc::new(shared);
        Ok(Self { shared, listeners })
    }

    /// The addresses that it listens at.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listeners.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }

    /// Serves until `stop` is done, and then says good-bye to the clients. Runs in a `LocalSet`.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let shared = self.shared;
        shared.call(|service, cx| service.start(cx));
        let timer = spawn_local(shared.clone().keep_time());
        let listen = |listener| spawn_local(shared.clone().accept(listener));
        let accepting: Vec<_> = self.listeners.into_iter().map(listen).collect();
        stop.await;
        accepting.iter().for_each(|task| task.abort());
        shared.call(|service, cx| service.shut_down(cx));
        let all_sent = async {
            while !shared.lines.borrow().is_empty() {
                shared.progress.notified().await;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, all_sent).await;
        timer.abort();
    }
}

impl Shared {
    fn now(&self) -> Time {
        self.since + self.clock.now().since(Time::ZERO)
    }

    /// Calls the service, and carries out what it orders.
    fn call(&self, what: impl FnOnce(&mut dyn Service, &mut Cx)) {
        let mut log = Log::off();
        let mut cx = Cx {
            now: self.now(),
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let mut service = self.service.borrow_mut();
        what(service.as_mut(), &mut cx);
        // an order that cannot be carried out is told to the service, which may order more
        while let Some((conn, order)) = service.poll_order(&mut cx) {
            if !self.obey(cx.now, conn, order) {
                service.handle_gone(&mut cx, conn);
            }
        }
        for said in service.take_said() {
            (self.say)(said);
        }
        let due = service.poll_timeout();
        if due != self.due.get() {
            let is_earlier = due.is_some_and(|due| self.due.get().is_none_or(|known| due < known));
            self.due.set(due);
            if is_earlier {
                self.earlier.notify_one();
            }
        }
    }

    /// Carries an order out; `false`: the connection is broken off.
    fn obey(&self, now: Time, conn: ConnId, order: Order) -> bool {
        let Some(line) = self.lines.borrow().get(&conn).cloned() else {
            return true;
        };
        match order {
            Order::Send(bytes) => return self.send(now, &line, bytes),
            Order::SendMadeUp(places) => {
                let bytes = crate::sim::app::made_up(places);
                return self.send(now, &line, bytes.into());
            }
            Order::Shutdown | Order::Close => line.finish(End::Close),
            Order::Abort => line.finish(End::Abort),
            Order::NoDelay(on) => {
                let stream: &TcpStream = line.writer.as_ref();
                // it only changes how fast it goes
                let _ = stream.set_nodelay(on);
            }
            Order::Read(_) => {}
        }
        true
    }

    fn send(&self, now: Time, line: &Line, bytes: Bytes) -> bool {
        if line.unsent_bytes.get() > self.limits.unsent {
            (self.say)(Said::Line(format!(
                "{} does not read, and is cut off",
                line.peer
            )));
            self.lines.borrow_mut().remove(&line.conn);
            line.finish(End::Abort);
            return false;
        }
        self.witness.passed(now, line.conn, false, &bytes);
        line.send(bytes);
        true
    }

    /// Calls the service when it wants to be called.
    async fn keep_time(self: Rc<Self>) {
        loop {
            let span = self.due.get().map(|due| due.since(self.now()));
            let rung = async {
                match span {
                    Some(span) => tokio::time::sleep(span).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = rung => {
                    if self.due.get().is_some_and(|due| due <= self.now()) {
                        self.due.set(None);
                        self.call(|service, cx| service.handle_timeout(cx));
                    }
                }
                () = self.earlier.notified() => {}
            }
        }
    }

    async fn accept(self: Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.clone().open(stream, peer),
                Err(error) => {
                    // such as: too many files are open; it may be better in a moment
                    (self.say)(Said::Line(format!(
                        "a connection could not be accepted: {error}"
                    )));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn open(self: Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        if self.lines.borrow().len() >= self.limits.connections {
            (self.say)(Said::Line(format!("{peer} is one connection too many")));
            // who cannot be told at once is not told
            let _ = stream.try_write(TOO_MANY);
            return;
        }
        let _ = stream.set_nodelay(true);
        let conn = ConnId(self.next_conn.replace(self.next_conn.get() + 1));
        if let Ok(local) = stream.local_addr() {
            self.witness.opened(self.now(), conn, local, peer);
        }
        let (reader, writer) = stream.into_split();
        let line = Rc::new(Line {
            conn,
            peer,
            writer,
            unsent: RefCell::new(VecDeque::new()),
            unsent_bytes: Cell::new(0),
            end: Cell::new(End::Open),
            wake: Notify::new(),
        });
        self.lines.borrow_mut().insert(conn, line.clone());
        self.call(|service, cx| {
            service.know_peer(conn, peer);
            service.handle_open(cx, conn);
        });
        spawn_local(self.attend(line, reader));
    }

    /// Waits for a connection as long as there is one.
    async fn attend(self: Rc<Self>, line: Rc<Line>, reader: OwnedReadHalf) {
        let conn = line.conn;
        self.converse(&line, reader).await;
        self.witness.ended(self.now(), conn, false);
        self.lines.borrow_mut().remove(&conn);
        self.call(|service, cx| service.handle_gone(cx, conn));
        self.progress.notify_one();
    }

    async fn converse(&self, line: &Line, mut reader: OwnedReadHalf) {
        let mut buffer = Vec::new();
        let mut reads = true;
        let drained = sleep(Duration::ZERO);
        let mut drained = pin!(drained);
        let mut drains = false;
        loop {
            match line.end.get() {
                End::Abort => return line.abort(),
                End::Close if line.is_sent() => return line.close(&mut reader).await,
                End::Close if !drains => {
                    drains = true;
                    drained.as_mut().reset(Instant::now() + DRAIN);
                }
                _ => {}
            }
            let more = async {
                buffer.clear();
                buffer.reserve(READ);
                let mut limited = (&mut reader).take(READ as u64);
                limited.read_buf(&mut buffer).await
            };
            tokio::select! {
                read = more, if reads => match read {
                    Ok(0) => {
                        reads = false;
                        self.witness.ended(self.now(), line.conn, true);
                        self.call(|service, cx| service.handle_end(cx, line.conn));
                    }
                    Ok(_) => {
                        self.witness.passed(self.now(), line.conn, true, &buffer);
                        self.call(|service, cx| service.handle_input(cx, line.conn, &buffer));
                        if buffer.capacity() > READ {
                            buffer = Vec::new();
                        }
                    }
                    Err(_) => return,
                },
                ready = line.writer.writable(), if !line.is_sent() => {
                    if ready.is_err() || !line.flush() {
                        return;
                    }
                }
                () = line.wake.notified() => {}
                () = &mut drained, if drains => line.finish(End::Abort),
            }
            if !reads && line.is_sent() && line.end.get() != End::Open {
                return;
            }
        }
    }
}

impl Line {
    fn is_sent(&self) -> bool {
        self.unsent_bytes.get() == 0
    }

    /// Sends at once what can be sent at once; the rest is for the task of the connection.
    fn send(&self, bytes: Bytes) {
        let had_nothing = self.is_sent();
        self.unsent_bytes.set(self.unsent_bytes.get() + bytes.len());
        self.unsent.borrow_mut().push_back(bytes);
        if had_nothing && (!self.flush() || !self.is_sent()) {
            self.wake.notify_one();
        }
    }

    fn finish(&self, end: End) {
        if self.end.get() != End::Abort {
            self.end.set(end);
            self.wake.notify_one();
        }
    }

    /// Sends as much as can be sent now; `false`: nothing can any more.
    fn flush(&self) -> bool {
        let mut unsent = self.unsent.borrow_mut();
        while let Some(first) = unsent.front_mut() {
            match self.writer.try_write(first) {
                Ok(count) => {
                    first.advance(count);
                    self.unsent_bytes.set(self.unsent_bytes.get() - count);
                    if first.is_empty() {
                        unsent.pop_front();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(_) => {
                    unsent.clear();
                    self.unsent_bytes.set(0);
                    self.end.set(End::Abort);
                    return false;
                }
            }
        }
        true
    }

    /// Sends the end, and waits a little for the peer's: what it still sends must not reset the connection before it has
    /// read all (RFC 9112 §9.6).
    async fn close(&self, reader: &mut OwnedReadHalf) {
        let stream: &TcpStream = self.writer.as_ref();
        // SAFETY: two numbers, the first a descriptor that the stream owns.
        let _ = unsafe { libc::shutdown(stream.as_raw_fd(), libc::SHUT_WR) };
        let mut buffer = [0; 4096];
        let rest = async { while matches!(reader.read(&mut buffer).await, Ok(1..)) {} };
        let _ = tokio::time::timeout(LINGER, rest).await;
    }

    /// Breaks the connection off with a RST.
    fn abort(&self) {
        let stream: &TcpStream = self.writer.as_ref();
        let _ = socket_linger_zero(stream);
    }
}

/// The connection is reset when it is closed, and what is unsent is forgotten.
fn socket_linger_zero(stream: &TcpStream) -> io::Result<()> {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // SAFETY: the descriptor is the stream's, and the option is read from a value that lives until the call is over.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            std::ptr::from_ref(&linger).cast(),
            size_of::<libc::linger>() as libc::socklen_t,
        )
    };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

//! The scenario's programs over sockets of the kernel: the same writes, reads and waits.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use futures_util::future::{Either, select};
use layerwalk::sim::spec::{
    Action, App, AppKind, Content, Host, Reading, Reply, TcpClient, TcpServer,
};
use layerwalk::stack::tcp::TcpConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

/// A program, ready to start.
pub enum Program {
    /// It listens.
    Server(TcpListener, TcpServer, TcpConfig),
    /// It will connect from a socket, after some time.
    Client(TcpSocket, TcpClient, TcpConfig, Duration),
}

impl Program {
    /// A scenario's program on a host.
    pub fn new(app: &App, host: &Host) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if host.tcp.receive_buffer != TcpConfig::default().receive_buffer {
            let size = host.tcp.receive_buffer;
            socket.set_recv_buffer_size(size).expect("it has one");
        }
        let local = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        match &app.kind {
            AppKind::TcpServer(server) => {
                socket.bind(local(server.port)).expect("a free port");
                let backlog = host.tcp.backlog as u32;
                let listener = socket.listen(backlog).expect("it listens");
                Self::Server(listener, server.clone(), host.tcp.clone())
            }
            AppKind::TcpClient(client) => {
                if let Some(port) = client.local_port {
                    socket.bind(local(port)).expect("a free port");
                }
                Self::Client(socket, client.clone(), host.tcp.clone(), app.start)
            }
            other => panic!("no such program over sockets: {other:?}"),
        }
    }

    /// Whether it ends by itself.
    pub fn is_client(&self) -> bool {
        matches!(self, Self::Client(..))
    }

    /// Runs it; a server has no end.
    pub async fn run(self) {
        match self {
            Self::Client(socket, client, tcp, start) => {
                sleep(start).await;
                let connected = socket.connect(client.to).await;
                if let Ok(stream) = connected {
                    let talk = Talk::new(stream, &tcp, Reply::Nothing);
                    let _ = talk.follow(&client.script, false).await;
                }
            }
            Self::Server(listener, server, tcp) => loop {
                let (stream, _) = listener.accept().await.expect("it listens");
                let talk = Talk::new(stream, &tcp, server.reply.clone());
                let _ = talk.follow(&server.script, true).await;
            },
        }
    }
}

/// One end of a conversation. As in the scenario, it reads whatever comes, also while it waits.
struct Talk {
    stream: TcpStream,
    reply: Reply,
    reading: Reading,
    /// When a slow reader reads again.
    pause: Option<Instant>,
    inbox: Vec<u8>,
    /// Whether the peer sends no more.
    ended: bool,
}

impl Talk {
    fn new(stream: TcpStream, tcp: &TcpConfig, reply: Reply) -> Self {
        stream.set_nodelay(!tcp.nagle).expect("a TCP socket");
        if tcp.delayed_ack.is_some() {
            delay_acks(&stream);
        }
        Self {
            stream,
            reply,
            reading: Reading::default(),
            pause: None,
            inbox: Vec::new(),
            ended: false,
        }
    }

    /// Follows the script to its end, and reads on until the peer has ended; then a server closes.
    async fn follow(mut self, script: &[Action], is_server: bool) -> io::Result<()> {
        for action in script {
            match action {
                Action::Send(content) => self.stream.write_all(content.bytes()).await?,
                Action::Wait(span) => self.wait(*span).await?,
                Action::Await => self.until(|talk| !talk.inbox.is_empty()).await?,
                Action::AwaitBytes(count) => {
                    self.until(|talk| talk.inbox.len() >= *count).await?;
                    self.inbox.drain(..count);
                }
                Action::AwaitContent(content) => self.await_content(content).await?,
                Action::AwaitClose => self.until(|talk| talk.ended).await?,
                Action::Read(reading) => {
                    self.reading = *reading;
                    self.pause = None;
                }
                Action::NoDelay(on) => self.stream.set_nodelay(*on)?,
                Action::Shutdown => self.stream.shutdown().await?,
                Action::Close { .. } => return Ok(()),
                Action::Abort => return self.abort(),
                other => panic!("not over a socket of TCP: {other:?}"),
            }
        }
        while !(is_server && self.ended) {
            self.read().await?;
        }
        Ok(())
    }

    async fn until(&mut self, is_done: impl Fn(&Self) -> bool) -> io::Result<()> {
        while !is_done(self) {
            self.read().await?;
        }
        Ok(())
    }

    async fn await_content(&mut self, content: &Content) -> io::Result<()> {
        let wanted = content.bytes();
        let end = |talk: &Self| {
            let mut windows = talk.inbox.windows(wanted.len());
            windows
                .position(|window| window == wanted)
                .map(|at| at + wanted.len())
        };
        self.until(|talk| end(talk).is_some()).await?;
        self.inbox.drain(..end(self).unwrap_or_default());
        Ok(())
    }

    /// Waits, and reads what comes meanwhile.
    async fn wait(&mut self, span: Duration) -> io::Result<()> {
        let mut sleep = Box::pin(sleep(span));
        loop {
            let read = Box::pin(self.read());
            match select(&mut sleep, read).await {
                Either::Left(_) => return Ok(()),
                Either::Right((read, _)) => read?,
            }
        }
    }

    /// Reads once, in the way that the script asks for, and replies.
    async fn read(&mut self) -> io::Result<()> {
        if let Some(pause) = self.pause {
            sleep_until(pause).await;
        }
        let (most, pause) = match self.reading {
            _ if self.ended => return std::future::pending().await,
            Reading::Not => return std::future::pending().await,
            Reading::AtOnce => (1 << 16, None),
            Reading::Slowly { most, every } => (most, Some(every)),
        };
        let mut bytes = vec![0; most];
        let len = self.stream.read(&mut bytes).await?;
        self.pause = pause.map(|pause| Instant::now() + pause);
        self.ended = len == 0;
        self.inbox.extend(&bytes[..len]);
        if len > 0 {
            match &self.reply {
                Reply::Nothing => {}
                Reply::Echo => self.stream.write_all(&bytes[..len]).await?,
                Reply::Fixed(content) => self.stream.write_all(content.bytes()).await?,
            }
        }
        Ok(())
    }

    /// Closes with a RST (SO_LINGER of zero, socket(7)).
    fn abort(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }
}

/// Ends the time in which Linux acknowledges at once, as it does for the first segments of a connection
/// (TCP_QUICKACK, tcp(7)).
fn delay_acks(stream: &TcpStream) {
    let off: libc::c_int = 0;
    // SAFETY: an open socket, and an option that outlives the call.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_QUICKACK,
            (&raw const off).cast(),
            size_of_val(&off) as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

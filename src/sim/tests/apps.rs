//! Each kind of program, by what it is told and what it asks.

use super::*;

/// Runs programs, and compares what one node's was told and asked with `expected`.
fn check(apps: Vec<App>, node: NodeId, expected: &[&str]) {
    let outcome = run(&two_hosts(42, apps));
    assert!(outcome.cut_short.is_none());
    assert_eq!(told(&outcome, node), expected);
}

#[test]
fn websocket_over_a_switch() {
    let outcome = run(&over_switch(42, websocket()));
    assert!(outcome.cut_short.is_none());
    assert_eq!(
        told(&outcome, CLIENT),
        [
            "> connect 10.0.0.9:80",
            "< connected",
            "> open ws://server/chat",
            "< WebSocket open, subprotocol chat",
            "> send text \"hi\"",
            "< text \"hello\" received",
            "< text \"news\" received",
            "> ping",
            "> close 1000 \"bye\"",
            "< the peer closes: 1000",
            "< closed cleanly: 1000",
        ]
    );
    assert_eq!(
        told(&outcome, SERVER),
        [
            "> listen on port 80",
            "< connection accepted",
            "< WebSocket open, subprotocol chat",
            "< text \"hi\" received",
            "> send text \"hello\"",
            "> send text \"news\"",
            "> ping",
            "< the peer closes: 1000 \"bye\"",
            "< closed cleanly: 1000 \"bye\"",
        ]
    );
}

#[test]
fn nobody_listens() {
    check(
        vec![tcp_client(vec![])],
        CLIENT,
        &["> connect 10.0.0.9:7", "< connection refused"],
    );
}

#[test]
fn bytes_there_and_back() {
    check(
        echo(),
        CLIENT,
        &[
            "> connect 10.0.0.9:7",
            "< connected",
            "> send text \"hello\"",
            "< received 5 bytes \"hello\"",
            "> close",
        ],
    );
    check(
        echo(),
        SERVER,
        &[
            "> listen on port 7",
            "< connection accepted",
            "< received 5 bytes \"hello\"",
            "> send text \"hello\"",
            "< the peer sends no more",
            "> close",
        ],
    );
}

#[test]
fn a_half_close_still_receives() {
    let server = vec![
        Action::AwaitClose,
        Action::Send(text("after your FIN")),
        close(),
    ];
    let client = vec![
        Action::Send(text("all")),
        Action::Shutdown,
        Action::AwaitClose,
        close(),
    ];
    check(
        vec![tcp_server(Reply::Nothing, server), tcp_client(client)],
        CLIENT,
        &[
            "> connect 10.0.0.9:7",
            "< connected",
            "> send text \"all\"",
            "> shut down the sending side",
            "< received 14 bytes \"after your FIN\"",
            "< the peer sends no more",
            "> close",
        ],
    );
}

#[test]
fn a_slow_reader_reads_a_little_at_a_time_and_the_end_last() {
    let slowly = Reading::Slowly {
        most: 2,
        every: ms(30),
    };
    let server = vec![Action::Read(slowly), Action::AwaitClose];
    let client = vec![Action::Send(text("abcde")), close()];
    check(
        vec![tcp_server(Reply::Nothing, server), tcp_client(client)],
        SERVER,
        &[
            "> listen on port 7",
            "< connection accepted",
            "> read at most 2 bytes every 30ms",
            "< received 2 bytes \"ab\"",
            "< received 2 bytes \"cd\"",
            "< received 1 byte \"e\"",
            "< the peer sends no more",
            "> close",
        ],
    );
}

#[test]
fn what_came_can_be_read_when_the_connection_is_over() {
    // TIME-WAIT lasts four minutes.
    let slowly = Reading::Slowly {
        most: 2,
        every: ms(200_000),
    };
    let server = vec![Action::Send(text("abcde")), Action::AwaitClose];
    let client = vec![
        Action::Read(slowly),
        Action::Shutdown,
        Action::AwaitClose,
        close(),
    ];
    check(
        vec![tcp_server(Reply::Nothing, server), tcp_client(client)],
        CLIENT,
        &[
            "> connect 10.0.0.9:7",
            "< connected",
            "> read at most 2 bytes every 200s",
            "> shut down the sending side",
            "< received 2 bytes \"ab\"",
            "< received 2 bytes \"cd\"",
            "< received 1 byte \"e\"",
            "< the peer sends no more",
            "> close",
        ],
    );
}

#[test]
fn who_does_not_read_hears_of_nothing_until_it_reads_again() {
    let server = vec![
        Action::Read(Reading::Not),
        Action::Wait(ms(500)),
        Action::Read(Reading::AtOnce),
        Action::AwaitClose,
        Action::Send(text("late")),
    ];
    let client = vec![
        Action::Send(text("abc")),
        Action::Send(text("de")),
        Action::Shutdown,
        Action::AwaitClose,
    ];
    check(
        vec![tcp_server(Reply::Nothing, server), tcp_client(client)],
        SERVER,
        &[
            "> listen on port 7",
            "< connection accepted",
            "> stop reading",
            "> read what comes at once",
            "< received 5 bytes \"abcde\"",
            "< the peer sends no more",
            "> send text \"late\"",
            "> close",
        ],
    );
}

#[test]
fn an_abort_resets_the_peer() {
    let client = vec![Action::Wait(ms(50)), Action::Abort];
    check(
        vec![tcp_server(Reply::Nothing, vec![]), tcp_client(client)],
        SERVER,
        &[
            "> listen on port 7",
            "< connection accepted",
            "< connection reset",
        ],
    );
}

#[test]
fn datagrams() {
    let script = vec![
        Action::Send(text("ping?")),
        Action::Await,
        Action::Send(text("end")),
    ];
    let client = UdpClient {
        to: server_at(7),
        local_port: Some(5000),
        script,
    };
    let apps = vec![
        app(SERVER, AppKind::UdpEcho(UdpEcho { port: 7 })),
        app(CLIENT, AppKind::UdpClient(client)),
    ];
    check(
        apps,
        CLIENT,
        &[
            "> open UDP port 5000",
            "> send text \"ping?\" to 10.0.0.9:7",
            "< received 5 bytes \"ping?\" from 10.0.0.9:7",
            "> send text \"end\" to 10.0.0.9:7",
            "< received 3 bytes \"end\" from 10.0.0.9:7",
        ],
    );
}

#[test]
fn a_datagram_in_fragments() {
    let script = vec![
        Action::Send(Content::Binary([5; 4000].into())),
        Action::Await,
    ];
    let client = UdpClient {
        to: server_at(7),
        local_port: Some(5000),
        script,
    };
    let apps = vec![
        app(SERVER, AppKind::UdpEcho(UdpEcho { port: 7 })),
        app(CLIENT, AppKind::UdpClient(client)),
    ];
    let outcome = run(&over_switch(42, apps));
    let told = told(&outcome, CLIENT);
    assert!(
        told.last()
            .unwrap()
            .starts_with("< received 4000 bytes 05 05"),
        "{told:?}"
    );
    // Two for ARP, three fragments there and three back, each on two links.
    assert_eq!(outcome.frames.len(), 2 * (2 + 3 + 3));
}

#[test]
fn a_datagram_for_nobody() {
    let client = UdpClient {
        to: server_at(9),
        local_port: Some(5000),
        script: vec![Action::Send(Content::Binary([0, 255].into()))],
    };
    check(
        vec![app(CLIENT, AppKind::UdpClient(client))],
        CLIENT,
        &[
            "> open UDP port 5000",
            "> send 2 bytes 00 ff to 10.0.0.9:9",
            "< 10.0.0.9:9: nobody listens on the port",
        ],
    );
}

#[test]
fn pings() {
    let ping = Ping {
        to: SERVER_IP.into(),
        count: 2,
        interval: ms(1000),
        size: 56,
    };
    check(
        vec![app(CLIENT, AppKind::Ping(ping))],
        CLIENT,
        &[
            "> echo request to 10.0.0.9, sequence 1",
            "< echo reply from 10.0.0.9, sequence 1, after 40.02912ms",
            "> echo request to 10.0.0.9, sequence 2",
            "< echo reply from 10.0.0.9, sequence 2, after 20.0176ms",
        ],
    );
}

fn http(requests: &[(&str, u64)]) -> Vec<App> {
    let page = Page {
        path: "/".to_owned(),
        status: 200,
        headers: vec![("Content-Type".to_owned(), "text/html".to_owned())],
        body: text("<p>hi</p>"),
        made_up: None,
    };
    let request = |&(path, after): &(&str, u64)| Request {
        after: ms(after),
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
    };
    let client = HttpClient {
        to: server_at(80),
        host: "server".to_owned(),
        local_port: None,
        requests: requests.iter().map(request).collect(),
    };
    let server = HttpServer {
        port: 80,
        pages: vec![page],
        upload: None,
    };
    vec![
        app(SERVER, AppKind::HttpServer(server)),
        app(CLIENT, AppKind::HttpClient(client)),
    ]
}

#[test]
fn pages_one_after_the_other() {
    check(
        http(&[("/", 0), ("/none?x", 500)]),
        CLIENT,
        &[
            "> connect 10.0.0.9:80",
            "< connected",
            "> request GET /",
            "< response received: HTTP/1.1 200 OK, 9 bytes",
            "> request GET /none?x",
            "< response received: HTTP/1.1 404 Not Found, 18 bytes",
            "> close",
        ],
    );
}

#[test]
fn an_http_message_byte_by_byte() {
    let outcome = run(&two_hosts(42, http(&[("/", 0)])));
    let payloads: Vec<String> = outcome
        .frames
        .iter()
        .filter(|frame| tcp_flags(frame).is_some_and(|flags| flags & 8 != 0))
        .map(|frame| String::from_utf8_lossy(&frame.bytes[66..]).into_owned())
        .collect();
    assert_eq!(
        payloads,
        [
            "GET / HTTP/1.1\r\nHost: server\r\nUser-Agent: layerwalk\r\nAccept: */*\r\n\r\n",
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: layerwalk\r\n\
             Content-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>hi</p>",
        ]
    );
}

/// The WebSocket conversation with another request, and what the client is told of it.
fn refused(change: impl Fn(&mut WebSocketClient)) -> Vec<String> {
    let mut apps = websocket();
    if let AppKind::WebSocketClient(client) = &mut apps[1].kind {
        change(client);
    }
    let outcome = run(&two_hosts(42, apps));
    assert!(outcome.cut_short.is_none());
    told(&outcome, CLIENT).split_off(3)
}

#[test]
fn a_websocket_that_is_refused() {
    let wrong_version = refused(|client| client.version = 12);
    assert_eq!(wrong_version, ["< refused: HTTP/1.1 426 Upgrade Required"]);
    let wrong_path = refused(|client| client.path = "/none".to_owned());
    assert_eq!(wrong_path, ["< refused: HTTP/1.1 404 Not Found"]);
}

#[test]
fn the_server_closes_a_websocket() {
    let mut apps = websocket();
    if let AppKind::WebSocketServer(server) = &mut apps[0].kind {
        server.script = vec![
            Action::Await,
            Action::Close {
                code: None,
                reason: String::new(),
            },
        ];
    }
    let outcome = run(&two_hosts(42, apps));
    let client = told(&outcome, CLIENT);
    assert_eq!(
        client[6..],
        ["< the peer closes: 1005", "< closed cleanly: 1005"]
    );
    let server = told(&outcome, SERVER);
    assert_eq!(
        server[5..],
        [
            "> close",
            "< the peer closes: 1005",
            "< closed cleanly: 1005"
        ]
    );
}

#[test]
fn a_program_starts_when_it_is_to() {
    let mut apps = echo();
    apps[1].start = ms(250);
    let outcome = run(&two_hosts(42, apps));
    assert_eq!(outcome.frames[0].sent_at.as_millis(), 250);
}

/// All that the server sent, where the client makes these requests.
fn served(upload: Option<&str>, requests: &[(&str, &str, Option<&str>)]) -> Vec<u8> {
    let mut apps = http(&[]);
    if let AppKind::HttpServer(server) = &mut apps[0].kind {
        server.upload = upload.map(str::to_owned);
        server.pages[0].made_up = Some(3_000_000);
    }
    if let AppKind::HttpClient(client) = &mut apps[1].kind {
        let request = |&(method, path, body): &(&str, &str, Option<&str>)| Request {
            after: ms(0),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: body.map(text),
        };
        client.requests = requests.iter().map(request).collect();
    }
    let outcome = run(&two_hosts(42, apps));
    assert!(outcome.cut_short.is_none());
    // Without faults and switches, the segments come in order and once.
    let sent = outcome.frames.iter().filter(|frame| frame.from == SERVER);
    let segments = sent.filter(|frame| tcp_flags(frame).is_some_and(|flags| flags & 2 == 0));
    let payload = |frame: &Transmission| {
        let total = usize::from(u16::from_be_bytes([frame.bytes[16], frame.bytes[17]]));
        frame.bytes[66..14 + total].to_vec()
    };
    segments.flat_map(payload).collect()
}

#[test]
fn a_body_that_is_made_up_comes_whole() {
    let served = served(
        None,
        &[("HEAD", "/", None), ("GET", "/", None), ("GET", "/x", None)],
    );
    let head_end = b"\r\n\r\n";
    let ends = served
        .windows(4)
        .enumerate()
        .filter(|(_, four)| four == head_end);
    let ends: Vec<usize> = ends.map(|(at, _)| at + 4).collect();
    let [first, second, _] = ends[..] else {
        panic!("three heads: {ends:?}");
    };
    assert!(
        served[first..].starts_with(b"HTTP/1.1 200 OK"),
        "HEAD has no body"
    );
    let length =
        String::from_utf8_lossy(&served[first..second]).contains("Content-Length: 3000000");
    assert!(length);
    let lines = (0..3_000_000)
        .step_by(16)
        .map(|place| format!("{place:015}\n"));
    let body = lines.collect::<String>().into_bytes();
    assert!(served[second..second + body.len()] == body);
    assert!(served[second + body.len()..].starts_with(b"HTTP/1.1 404"));
}

#[test]
fn an_upload_is_answered_with_its_length_and_hash() {
    let long = "abc".repeat(100_000);
    let uploads = [("PUT", "/up", Some("abc")), ("POST", "/up", Some(&*long))];
    let served = String::from_utf8(served(Some("/up"), &uploads)).unwrap();
    // FIPS 180-1 appendix A; the other by sha1sum.
    for answer in [
        "3 bytes, SHA-1 a9993e364706816aba3e25717850c26c9cd0d89d\n",
        "300000 bytes, SHA-1 bbfec7b9ef29840479ea99cc0e25cc8c285ea303\n",
    ] {
        assert!(served.contains(answer), "{answer}: {served}");
    }
}

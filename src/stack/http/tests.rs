use proptest::prelude::*;

use super::*;
use crate::base::{NodeId, Time};
use crate::proto::http::{Request, Response};
use crate::stack::cx::Cx;
use crate::stack::record::Log;

/// Calls `run` in surroundings that nobody looks at.
fn quiet<T>(run: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    let mut log = Log::off();
    run(&mut Cx {
        now: Time::ZERO,
        node: NodeId(0),
        cause: None,
        log: &mut log,
    })
}

fn sent_by_client(client: &mut Client) -> Vec<u8> {
    std::iter::from_fn(|| quiet(|cx| client.poll_transmit(cx)))
        .flatten()
        .collect()
}

fn told_by_client(client: &mut Client) -> Vec<ClientEvent> {
    std::iter::from_fn(|| quiet(|cx| client.poll_event(cx))).collect()
}

fn sent_by_server(server: &mut Server) -> String {
    let sent = std::iter::from_fn(|| quiet(|cx| server.poll_transmit(cx)));
    String::from_utf8(sent.flatten().collect()).unwrap()
}

fn told_by_server(server: &mut Server) -> Vec<ServerEvent> {
    std::iter::from_fn(|| quiet(|cx| server.poll_event(cx))).collect()
}

#[test]
fn requests_wait_for_the_response_before() {
    let mut client = Client::new(None);
    let get = |target| Request::new("GET", target, "a");
    quiet(|cx| client.request(cx, get("/1")));
    quiet(|cx| client.request(cx, get("/2")));
    assert_eq!(sent_by_client(&mut client), get("/1").emit());
    let response = Response::new(200).with_body("text/plain", "one");
    quiet(|cx| client.handle_input(cx, &response.emit()));
    assert_eq!(
        told_by_client(&mut client),
        [ClientEvent::Response(response)]
    );
    assert_eq!(sent_by_client(&mut client), get("/2").emit());
}

#[test]
fn responses_end_where_they_end() {
    let check = |method: &str, bytes: &str, ends: bool, expected: &[&str]| {
        let mut client = Client::new(None);
        quiet(|cx| client.request(cx, Request::new(method, "/", "a")));
        quiet(|cx| client.handle_input(cx, bytes.as_bytes()));
        if ends {
            quiet(|cx| client.handle_end(cx));
        }
        let told = told_by_client(&mut client)
            .into_iter()
            .map(|event| match event {
                ClientEvent::Interim(response) => response.code.to_string(),
                ClientEvent::Response(response) => String::from_utf8(response.body).unwrap(),
                ClientEvent::Failed(error) => error.to_string(),
                ClientEvent::Disconnect => "over".to_owned(),
            });
        let told: Vec<_> = told.collect();
        assert_eq!(told, expected, "{bytes:?}");
    };
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
    check("GET", &format!("{length}abc"), false, &["abc"]);
    check("GET", &format!("{length}ab"), false, &[]);
    check(
        "GET",
        &format!("{length}ab"),
        true,
        &["the connection ended within a message", "over"],
    );
    check("HEAD", length, false, &[""]);
    check(
        "GET",
        &format!("{length}abc!"),
        false,
        &["abc", "a response to no request", "over"],
    );
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    check("GET", chunked, false, &["abc"]);
    check(
        "GET",
        &chunked.replace("2\r", "x\r"),
        false,
        &[
            "no chunked body: a chunk size that is no number, or too large",
            "over",
        ],
    );
    check("GET", "HTTP/1.0 200 OK\r\n\r\nabc", true, &["abc", "over"]);
    check("GET", "HTTP/1.0 200 OK\r\n\r\nabc", false, &[]);
    check(
        "GET",
        &format!("HTTP/1.1 100 Continue\r\n\r\n{length}abc"),
        false,
        &["100", "abc"],
    );
    check(
        "GET",
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        false,
        &["", "over"],
    );
    check(
        "GET",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        false,
        &[
            "Content-Length is not a number that a length can be",
            "over",
        ],
    );
    check(
        "GET",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n",
        false,
        &["the body is too large", "over"],
    );
    check(
        "GET",
        "SSH-2.0-x\r\n",
        false,
        &["no HTTP/1.1 head: an invalid version", "over"],
    );
    check(
        "GET",
        "",
        true,
        &["the connection ended within a message", "over"],
    );
}

#[test]
fn a_server_answers_in_order_and_frames_its_responses() {
    let mut server = Server::new(None);
    let first = Request::new("POST", "/1", "a").with_body("text/plain", "body");
    let second = Request::new("HEAD", "/2", "a").with("Connection", "close");
    let both = [first.emit(), second.emit()].concat();
    quiet(|cx| server.handle_input(cx, &both));
    assert_eq!(told_by_server(&mut server), [ServerEvent::Request(first)]);
    let mut response = Response::new(200);
    response.body = b"yes".to_vec();
    quiet(|cx| server.respond(cx, response.clone()));
    let framed = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(sent_by_server(&mut server), format!("{framed}yes"));
    assert_eq!(told_by_server(&mut server), [ServerEvent::Request(second)]);
    quiet(|cx| server.respond(cx, response));
    assert_eq!(sent_by_server(&mut server), framed);
    assert_eq!(told_by_server(&mut server), [ServerEvent::Disconnect]);
}

#[test]
fn a_server_answers_after_the_client_ended() {
    let mut server = Server::new(None);
    let request = Request::new("GET", "/", "a");
    quiet(|cx| server.handle_input(cx, &request.emit()));
    quiet(|cx| server.handle_end(cx));
    assert_eq!(told_by_server(&mut server), [ServerEvent::Request(request)]);
    quiet(|cx| server.respond(cx, Response::new(204)));
    assert_eq!(
        sent_by_server(&mut server),
        "HTTP/1.1 204 No Content\r\n\r\n"
    );
    assert_eq!(told_by_server(&mut server), [ServerEvent::Disconnect]);
}

#[test]
fn a_server_refuses_what_it_cannot_read() {
    let check = |bytes: &str, code: u16| {
        let mut server = Server::new(None);
        quiet(|cx| server.handle_input(cx, bytes.as_bytes()));
        let sent = sent_by_server(&mut server);
        assert_eq!(
            Response::parse(sent.as_bytes()).unwrap().unwrap().0.code,
            code,
            "{bytes:?}"
        );
        let told = told_by_server(&mut server);
        assert!(matches!(
            told[..],
            [ServerEvent::Failed(_), ServerEvent::Disconnect]
        ));
    };
    check("\x16\x03\x01", 400);
    check("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400);
    check("GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413);
    check(
        &format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(200)),
        431,
    );
}

proptest! {
    #[test]
    fn cuts_change_nothing(
        parts in prop::collection::vec(0usize..8, 0..6),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        cuts in prop::collection::vec(0usize..120, 0..8),
    ) {
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| PARTS[*part].bytes()).collect();
        bytes.extend(noise);
        prop_assert_eq!(told_of(&bytes, &cuts), told_of(&bytes, &[]));
    }
}

/// Pieces that make some sense in any order, and some that make none.
const PARTS: [&str; 8] = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "ffffffffffffffff\r\n",
    "5;x=y\r\nabcde\r\n0\r\nA: b\r\n\r\n",
];

/// What a server that answers each request tells of `bytes`, cut at each of `cuts`.
fn told_of(bytes: &[u8], cuts: &[usize]) -> (Vec<ServerEvent>, String) {
    let mut server = Server::new(None);
    let mut told = Vec::new();
    let mut answer = |server: &mut Server| {
        while let Some(event) = quiet(|cx| server.poll_event(cx)) {
            if matches!(event, ServerEvent::Request(_)) {
                quiet(|cx| server.respond(cx, Response::new(200)));
            }
            told.push(event);
        }
    };
    let mut rest = bytes;
    for cut in cuts {
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        quiet(|cx| server.handle_input(cx, now));
        answer(&mut server);
        rest = later;
    }
    quiet(|cx| server.handle_input(cx, rest));
    answer(&mut server);
    quiet(|cx| server.handle_end(cx));
    answer(&mut server);
    (told, sent_by_server(&mut server))
}

#[test]
fn a_body_comes_in_pieces_of_any_length() {
    let mut server = Server::in_pieces(None);
    let len = MAX_BODY + 1;
    let head = format!("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n");
    let waits = format!("{head}Expect: 100-continue\r\n\r\n");
    quiet(|cx| server.handle_input(cx, waits.as_bytes()));
    let told_to_go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(sent_by_server(&mut server), told_to_go_on);
    let pieces = [vec![1; len - 7], vec![2; 7]];
    quiet(|cx| server.handle_input(cx, &pieces[0]));
    assert_eq!(
        told_by_server(&mut server),
        [ServerEvent::Body(pieces[0].clone())]
    );
    // The next request is in the same bytes, and is read when this one is answered.
    let next = b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    quiet(|cx| server.handle_input(cx, &[&pieces[1][..], next].concat()));
    let told = told_by_server(&mut server);
    let [ServerEvent::Body(rest), ServerEvent::Request(request)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((rest, &*request.target), (&pieces[1], "/a"));
    assert!(request.body.is_empty());
    quiet(|cx| server.respond(cx, Response::new(204)));
    let told = told_by_server(&mut server);
    assert!(matches!(&told[..], [ServerEvent::Request(next)] if next.target == "/b"));
}

#[test]
fn a_body_in_pieces_may_be_chunked_or_end_too_early() {
    let mut server = Server::in_pieces(None);
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    quiet(|cx| server.handle_input(cx, chunked.as_bytes()));
    let told = told_by_server(&mut server);
    assert!(matches!(&told[..], [ServerEvent::Request(whole)] if whole.body == b"abc"));
    quiet(|cx| server.respond(cx, Response::new(200)));
    let short = format!("{head}Content-Length: 3\r\n\r\nab");
    quiet(|cx| server.handle_input(cx, short.as_bytes()));
    quiet(|cx| server.handle_end(cx));
    let expected = [
        ServerEvent::Body(b"ab".to_vec()),
        ServerEvent::Failed(ReadError::Ended),
        ServerEvent::Disconnect,
    ];
    assert_eq!(told_by_server(&mut server), expected);
}

#[test]
fn a_request_with_two_framings_is_refused_and_nothing_behind_it_is_read() {
    for mut server in [Server::new(None), Server::in_pieces(None)] {
        let smuggled = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
            Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        quiet(|cx| server.handle_input(cx, smuggled.as_bytes()));
        let told = [
            ServerEvent::Failed(ReadError::TwoFramings),
            ServerEvent::Disconnect,
        ];
        assert_eq!(told_by_server(&mut server), told);
        assert!(sent_by_server(&mut server).starts_with("HTTP/1.1 400 "));
    }
}

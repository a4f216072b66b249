//! Whom the server refuses, and how.

use super::*;

/// Asks with this method at this target; the answer.
fn ask(bench: &mut Bench, method: &str, target: &str) -> String {
    let conn = bench.request(&Request::new(method, target, "a"));
    bench.answer(conn)
}

/// Asks for a WebSocket at this target; the answer, and whether the connection ends with it.
fn ask_upgrade(bench: &mut Bench, target: &str) -> (String, bool) {
    let request = upgrade(target);
    let conn = bench.request(&request);
    (bench.answer(conn), bench.closed.contains(&conn))
}

fn upgrade(target: &str) -> Request {
    Request::new("GET", target, "a")
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .with("Sec-WebSocket-Version", "13")
}

fn error(code: u8, message: &str) -> String {
    let status = if code == 4 { 403 } else { 400 };
    format!(r#"{status} {{"code":{code},"message":"{message}"}}"#)
}

#[test]
fn each_error_has_its_code_and_its_answer() {
    let mut bench = bench();
    let (session, url) = bench.open();
    for (method, target, code, message) in [
        (
            "GET",
            "/engine.io/?EIO=4&transport=pigeon",
            0,
            "Transport unknown",
        ),
        ("GET", "/engine.io/?EIO=4", 0, "Transport unknown"),
        ("GET", "/engine.io/", 0, "Transport unknown"),
        (
            "GET",
            "/engine.io/?EIO=4&transport=polling&sid=x",
            1,
            "Session ID unknown",
        ),
        (
            "POST",
            "/engine.io/?EIO=4&transport=polling&sid=x",
            1,
            "Session ID unknown",
        ),
        ("POST", PATH, 2, "Bad handshake method"),
        ("OPTIONS", PATH, 2, "Bad handshake method"),
        ("GET", WEBSOCKET, 3, "Bad request"),
        (
            "GET",
            "/engine.io/?EIO=3&transport=polling",
            5,
            "Unsupported protocol version",
        ),
        (
            "GET",
            "/engine.io/?transport=polling",
            5,
            "Unsupported protocol version",
        ),
        (
            "GET",
            &url.replace("polling", "websocket"),
            3,
            "Bad request",
        ),
        ("GET", &url.replace("EIO=4", "EIO=3"), 3, "Bad request"),
    ] {
        let told = ask(&mut bench, method, target);
        assert_eq!(told, error(code, message), "{method} {target}");
        let refused = bench.told();
        assert!(
            matches!(refused[..], [ServerEvent::Refused(_, why)] if why == message),
            "{refused:?}"
        );
    }
    assert_eq!(bench.server.session_count(), 1);
    assert_eq!(bench.end_of(session), None);
}

#[test]
fn who_asks_for_a_websocket_is_told_in_bare_text() {
    let mut bench = bench();
    let (_, url) = bench.open();
    for (target, message) in [
        ("/engine.io/?EIO=4&transport=pigeon", "Transport unknown"),
        (
            "/engine.io/?EIO=4&transport=websocket&sid=x",
            "Session ID unknown",
        ),
        (
            "/engine.io/?EIO=3&transport=websocket",
            "Unsupported protocol version",
        ),
        (PATH, "Bad request"),
        (&url, "Bad request"),
    ] {
        let expected = (format!("400 {message}"), true);
        assert_eq!(ask_upgrade(&mut bench, target), expected, "{target}");
    }
    // an opening that is none is WebSocket's to refuse
    let request = upgrade(WEBSOCKET).emit();
    let request = String::from_utf8(request).expect("text");
    let conn = bench.connect();
    bench.input(conn, request.replace(": 13", ": 12").as_bytes());
    assert!(bench.answer(conn).starts_with("426"));
    assert!(bench.closed.contains(&conn));
    assert_eq!(bench.server.session_count(), 1);
}

#[test]
fn an_empty_sid_is_none() {
    let mut bench = bench();
    let target = format!("{PATH}&sid=");
    assert!(ask(&mut bench, "GET", &target).starts_with("200 0{"));
}

#[test]
fn transports_that_are_off_are_unknown() {
    let mut bench = Bench::new(ServerOptions {
        polling: false,
        ..ServerOptions::default()
    });
    assert_eq!(ask(&mut bench, "GET", PATH), error(0, "Transport unknown"));
    bench.websocket(WEBSOCKET);
    let mut bench = Bench::new(ServerOptions {
        websocket: false,
        ..ServerOptions::default()
    });
    let (told, _) = ask_upgrade(&mut bench, WEBSOCKET);
    assert_eq!(told, "400 Transport unknown");
    assert!(ask(&mut bench, "GET", PATH).contains(r#""upgrades":[]"#));
}

#[test]
fn pages_of_other_origins_are_refused() {
    let origins = Origins::Only(vec!["https://chat.example".into()]);
    let mut bench = Bench::new(ServerOptions {
        origins,
        ..ServerOptions::default()
    });
    let mut ask = |request: Request, origin: &str| {
        let conn = bench.request(&request.with("Origin", origin));
        let response = bench.response(conn).expect("an answer");
        let allowed = response.headers.get("Access-Control-Allow-Origin");
        let allowed = allowed.map(str::to_owned);
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.headers.get("Vary"), Some("Origin"));
        (response.code, allowed, body)
    };
    let get = || Request::new("GET", PATH, "a");
    let (code, allowed, _) = ask(get(), "https://chat.example");
    assert_eq!(
        (code, allowed.as_deref()),
        (200, Some("https://chat.example"))
    );
    let (code, allowed, _) = ask(get(), "http://a");
    assert_eq!((code, allowed.as_deref()), (200, Some("http://a")));
    for evil in [
        "https://evil.example",
        "null",
        "a",
        "https://chat.example.evil",
    ] {
        let (code, allowed, body) = ask(get(), evil);
        assert_eq!((code, allowed), (403, None), "{evil}");
        assert_eq!(body, r#"{"code":4,"message":"Forbidden"}"#);
    }
    let (code, _, body) = ask(upgrade(WEBSOCKET), "https://evil.example");
    assert_eq!((code, body.as_str()), (403, "Forbidden"));
    let (code, ..) = ask(upgrade(WEBSOCKET), "https://chat.example");
    assert_eq!(code, 101);
}

#[test]
fn browsers_are_told_whether_another_page_may() {
    let preflight = |target: &str| {
        Request::new("OPTIONS", target, "a")
            .with("Origin", "http://b")
            .with("Access-Control-Request-Method", "POST")
            .with("Access-Control-Request-Headers", "content-type")
    };
    let mut bench = Bench::new(ServerOptions {
        origins: Origins::Any,
        ..ServerOptions::default()
    });
    let (session, url) = bench.open();
    let conn = bench.request(&preflight(&url));
    let response = bench.response(conn).expect("an answer");
    let field = |name| response.headers.get(name);
    assert_eq!(response.code, 204);
    assert_eq!(field("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(field("Access-Control-Allow-Methods"), Some("GET, POST"));
    assert_eq!(field("Access-Control-Allow-Headers"), Some("content-type"));
    let conn = bench.get(&url);
    bench.send(session, "hi");
    let response = bench.response(conn).expect("an answer");
    assert_eq!(
        response.headers.get("Access-Control-Allow-Origin"),
        Some("*")
    );
    assert_eq!(response.headers.get("Cache-Control"), Some("no-store"));
    // npm's server says nothing of it unless it is told to
    let mut bench = super::bench();
    let conn = bench.request(&preflight(PATH));
    assert_eq!(bench.answer(conn), error(2, "Bad handshake method"));
}

#[test]
fn there_is_room_for_so_many_sessions() {
    let mut bench = Bench::new(ServerOptions {
        max_sessions: 1,
        ..ServerOptions::default()
    });
    let (_, url) = bench.open();
    assert_eq!(ask(&mut bench, "GET", PATH), "503 too many sessions");
    assert_eq!(
        ask_upgrade(&mut bench, WEBSOCKET),
        ("503 too many sessions".into(), true)
    );
    let conn = bench.post(&url, "1");
    assert_eq!(bench.answer(conn), "200 ok");
    bench.open();
}

#[test]
fn what_is_elsewhere_is_the_applications() {
    let mut bench = bench();
    let conn = bench.get("/page?x=1");
    assert_eq!(bench.answer(conn), "-");
    let told = bench.told();
    assert!(
        matches!(&told[..], [ServerEvent::Request(_, request)] if request.target == "/page?x=1"),
        "{told:?}"
    );
    bench.call(|server, cx| server.respond(cx, conn, Response::new(404)));
    assert_eq!(bench.answer(conn), "404");
}

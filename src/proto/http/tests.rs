use super::*;

const GET: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn a_request_is_read_and_written_again() {
    let (request, len) = Request::parse(GET.as_bytes()).unwrap().unwrap();
    assert_eq!(len, GET.len());
    assert_eq!(request.line(), "GET /chat HTTP/1.1");
    assert_eq!(request.headers.get("uPgrade"), Some("websocket"));
    assert_eq!(request.emit(), GET.as_bytes());
    let built = Request::new("GET", "/chat", "a").with("Upgrade", "websocket");
    assert_eq!(built, request);
    for len in 0..GET.len() {
        assert_eq!(Request::parse(&GET.as_bytes()[..len]), Ok(None));
    }
}

#[test]
fn a_response_is_read_and_written_again() {
    let response = Response::new(426)
        .with("Sec-WebSocket-Version", "13")
        .with_body("text/plain", "no");
    let bytes = response.emit();
    let (mut read, len) = Response::parse(&bytes).unwrap().unwrap();
    assert_eq!(&bytes[len..], b"no");
    read.body = b"no".to_vec();
    assert_eq!(read, response);
    assert_eq!(read.line(), "HTTP/1.1 426 Upgrade Required");
}

#[test]
fn heads_that_are_none() {
    for bad in [
        "GET /\r\n\r\n",
        "\u{1b}[0m",
        "GET / HTTP/9.9\r\n",
        "GET / HTTP/1.1\r\na b: c\r\n\r\n",
    ] {
        assert!(Request::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
    let endless = [b"GET / HTTP/1.1\r\nA: ".as_slice(), &vec![b'x'; MAX_HEAD]].concat();
    assert_eq!(Request::parse(&endless), Err(HeadError::TooLarge));
    let many = format!(
        "GET / HTTP/1.1\r\n{}\r\n",
        "A: b\r\n".repeat(MAX_HEADERS + 1)
    );
    assert_eq!(Request::parse(many.as_bytes()), Err(HeadError::TooLarge));
}

#[test]
fn where_a_request_body_ends() {
    let check = |headers: &[(&str, &str)], expected| {
        let mut request = Request::new("POST", "/", "a");
        for (name, value) in headers {
            request.headers.push(*name, *value);
        }
        assert_eq!(Framing::of_request(&request), expected, "{headers:?}");
    };
    check(&[], Ok(Framing::Empty));
    check(&[("content-length", "7")], Ok(Framing::Length(7)));
    check(&[("Content-Length", "7, 7")], Ok(Framing::Length(7)));
    check(
        &[("Content-Length", "7"), ("Content-Length", "8")],
        Err(FramingError::TwoLengths),
    );
    for bad in ["-1", "+1", "", "1x", "18446744073709551616"] {
        check(&[("Content-Length", bad)], Err(FramingError::BadLength));
    }
    check(
        &[("Transfer-Encoding", "gzip, Chunked")],
        Ok(Framing::Chunked),
    );
    check(
        &[("Transfer-Encoding", "gzip")],
        Err(FramingError::NotChunked),
    );
    check(
        &[("Transfer-Encoding", "chunked"), ("Content-Length", "7")],
        Ok(Framing::Chunked),
    );
}

#[test]
fn where_a_response_body_ends() {
    let check = |code, method, headers: &[(&str, &str)], expected| {
        let mut response = Response::new(code);
        for (name, value) in headers {
            response.headers.push(*name, *value);
        }
        assert_eq!(
            Framing::of_response(&response, method),
            Ok(expected),
            "{code} {method}"
        );
    };
    let seven = [("Content-Length", "7")];
    check(200, "GET", &seven, Framing::Length(7));
    check(200, "HEAD", &seven, Framing::Empty);
    check(204, "GET", &seven, Framing::Empty);
    check(304, "GET", &seven, Framing::Empty);
    check(100, "GET", &[], Framing::Empty);
    check(200, "CONNECT", &seven, Framing::Empty);
    check(200, "GET", &[], Framing::UntilClose);
    check(
        200,
        "GET",
        &[("Transfer-Encoding", "gzip")],
        Framing::UntilClose,
    );
    check(
        200,
        "GET",
        &[("Transfer-Encoding", "chunked")],
        Framing::Chunked,
    );
}

#[test]
fn chunks() {
    let check = |body: &str, end, len, data: &str, trailer: usize| {
        let mut whole = Chunks::default();
        assert_eq!(whole.read(body.as_bytes()), end, "{body:?}");
        assert_eq!(whole.len, len, "{body:?}");
        assert_eq!(whole.data(body.as_bytes()), data.as_bytes());
        assert_eq!(whole.trailer.len(), trailer);
        let mut grown = Chunks::default();
        for len in 0..=body.len() {
            grown.read(&body.as_bytes()[..len]);
        }
        assert_eq!(grown, whole, "however it is cut: {body:?}");
    };
    check(
        "4\r\nWiki\r\n5;a=b\r\npedia\r\n0\r\n\r\nrest",
        ChunksEnd::Done,
        28,
        "Wikipedia",
        0,
    );
    check("1\na\r\n00\r\nA: b\r\n\r\n", ChunksEnd::Done, 17, "a", 1);
    check("4\r\nWi", ChunksEnd::More, 0, "", 0);
    let malformed = |why| ChunksEnd::Malformed(why);
    let number = "a chunk size that is no number, or too large";
    check("x\r\n", malformed(number), 0, "", 0);
    check("1 x\r\n", malformed(number), 0, "", 0);
    check("-1\r\n", malformed(number), 0, "", 0);
    check("10000000000000000\r\n", malformed(number), 0, "", 0);
    check("ffffffffffffffff\r\n", malformed(number), 0, "", 0);
    check(
        "1\r\na\r\n1\r\nabc",
        malformed("no line end after a chunk's data"),
        6,
        "a",
        0,
    );
}

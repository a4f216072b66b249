//! HTTP's fields by Wireshark's names.

use crate::proto::registry::{Claim, Protocol, Reader, fields};
use crate::proto::tree::FieldSpec;

/// HTTP/1.1.
pub static PROTOCOL: Protocol = Protocol {
    id: "http",
    short: "HTTP",
    name: "Hypertext Transfer Protocol",
    osi: 7,
    source: "RFC 9112",
    fields: FIELDS,
    claims: &[Claim::TcpPort(80), Claim::TcpPort(8080), Claim::Heuristic],
    reader: Reader::Stream(|| Box::<super::Http>::default()),
};

fields! {
    REQUEST = "http.request", "Request", Bool;
    REQUEST_METHOD = "http.request.method", "Request method", Str;
    REQUEST_URI = "http.request.uri", "Request URI", Str;
    REQUEST_URI_PATH = "http.request.uri.path", "Request URI path", Str;
    REQUEST_URI_QUERY = "http.request.uri.query", "Request URI query", Str;
    REQUEST_URI_QUERY_PARAMETER = "http.request.uri.query.parameter", "Request URI query parameter", Str;
    REQUEST_VERSION = "http.request.version", "Request version", Str;
    REQUEST_LINE = "http.request.line", "Request line", Str;
    REQUEST_FULL_URI = "http.request.full_uri", "Full request URI", Str;
    REQUEST_NUMBER = "http.request_number", "Request number", Dec, stateful;
    RESPONSE = "http.response", "Response", Bool;
    RESPONSE_VERSION = "http.response.version", "Response version", Str;
    RESPONSE_CODE = "http.response.code", "Status code", Dec;
    RESPONSE_CODE_DESC = "http.response.code.desc", "Status code description", Str;
    RESPONSE_PHRASE = "http.response.phrase", "Response phrase", Str;
    RESPONSE_LINE = "http.response.line", "Response line", Str;
    RESPONSE_FOR_URI = "http.response_for.uri", "Request URI", Str, stateful;
    RESPONSE_NUMBER = "http.response_number", "Response number", Dec, stateful;
    ACCEPT = "http.accept", "Accept", Str;
    ACCEPT_ENCODING = "http.accept_encoding", "Accept-Encoding", Str;
    ACCEPT_LANGUAGE = "http.accept_language", "Accept-Language", Str;
    AUTHORIZATION = "http.authorization", "Authorization", Str;
    CACHE_CONTROL = "http.cache_control", "Cache-Control", Str;
    CONNECTION = "http.connection", "Connection", Str;
    CONTENT_ENCODING = "http.content_encoding", "Content-Encoding", Str;
    CONTENT_LENGTH_HEADER = "http.content_length_header", "Content-Length", Str;
    CONTENT_LENGTH = "http.content_length", "Content length", Dec;
    CONTENT_TYPE = "http.content_type", "Content-Type", Str;
    COOKIE = "http.cookie", "Cookie", Str;
    DATE = "http.date", "Date", Str;
    HOST = "http.host", "Host", Str;
    LAST_MODIFIED = "http.last_modified", "Last-Modified", Str;
    LOCATION = "http.location", "Location", Str;
    PROXY_AUTHENTICATE = "http.proxy_authenticate", "Proxy-Authenticate", Str;
    PROXY_AUTHORIZATION = "http.proxy_authorization", "Proxy-Authorization", Str;
    REFERER = "http.referer", "Referer", Str;
    SEC_WEBSOCKET_ACCEPT = "http.sec_websocket_accept", "Sec-WebSocket-Accept", Str;
    SEC_WEBSOCKET_EXTENSIONS = "http.sec_websocket_extensions", "Sec-WebSocket-Extensions", Str;
    SEC_WEBSOCKET_KEY = "http.sec_websocket_key", "Sec-WebSocket-Key", Str;
    SEC_WEBSOCKET_PROTOCOL = "http.sec_websocket_protocol", "Sec-WebSocket-Protocol", Str;
    SEC_WEBSOCKET_VERSION = "http.sec_websocket_version", "Sec-WebSocket-Version", Str;
    SERVER = "http.server", "Server", Str;
    SET_COOKIE = "http.set_cookie", "Set-Cookie", Str;
    TRANSFER_ENCODING = "http.transfer_encoding", "Transfer-Encoding", Str;
    UPGRADE = "http.upgrade", "Upgrade", Str;
    USER_AGENT = "http.user_agent", "User-Agent", Str;
    WWW_AUTHENTICATE = "http.www_authenticate", "WWW-Authenticate", Str;
    X_FORWARDED_FOR = "http.x_forwarded_for", "X-Forwarded-For", Str;
    CHUNK_SIZE = "http.chunk_size", "Chunk size", Dec;
    CHUNK_DATA = "http.chunk_data", "Chunk data", Bytes;
    CHUNK_BOUNDARY = "http.chunk_boundary", "Chunk boundary", Bytes;
    TRAILER_PART = "http.chunked_trailer_part", "Trailer part", Str;
    FILE_DATA = "http.file_data", "File data", Str;
    LEADING_CRLF = "http.leading_crlf", "An empty line before the message", None;
    TE_AND_LENGTH = "http.te_and_length", "Content-Length and Transfer-Encoding together", None;
    HEAD_EXPERT = "http.head.expert", "A head that breaks the grammar", None;
    FOLDED = "http.obs_fold", "A folded header line", None;
    BODY_EXPERT = "http.body.expert", "A body without a certain end", None;
    WEBSOCKET_EXPERT = "http.websocket.expert", "A wrong WebSocket handshake", None;
}

/// The fields of headers, by their names in small letters.
pub(super) static HEADERS: &[(&str, &FieldSpec)] = &[
    ("accept", &ACCEPT),
    ("accept-encoding", &ACCEPT_ENCODING),
    ("accept-language", &ACCEPT_LANGUAGE),
    ("authorization", &AUTHORIZATION),
    ("cache-control", &CACHE_CONTROL),
    ("connection", &CONNECTION),
    ("content-encoding", &CONTENT_ENCODING),
    ("content-length", &CONTENT_LENGTH_HEADER),
    ("content-type", &CONTENT_TYPE),
    ("cookie", &COOKIE),
    ("date", &DATE),
    ("host", &HOST),
    ("last-modified", &LAST_MODIFIED),
    ("location", &LOCATION),
    ("proxy-authenticate", &PROXY_AUTHENTICATE),
    ("proxy-authorization", &PROXY_AUTHORIZATION),
    ("referer", &REFERER),
    ("sec-websocket-accept", &SEC_WEBSOCKET_ACCEPT),
    ("sec-websocket-extensions", &SEC_WEBSOCKET_EXTENSIONS),
    ("sec-websocket-key", &SEC_WEBSOCKET_KEY),
    ("sec-websocket-protocol", &SEC_WEBSOCKET_PROTOCOL),
    ("sec-websocket-version", &SEC_WEBSOCKET_VERSION),
    ("server", &SERVER),
    ("set-cookie", &SET_COOKIE),
    ("transfer-encoding", &TRANSFER_ENCODING),
    ("upgrade", &UPGRADE),
    ("user-agent", &USER_AGENT),
    ("www-authenticate", &WWW_AUTHENTICATE),
    ("x-forwarded-for", &X_FORWARDED_FOR),
];

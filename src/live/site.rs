//! The pages beside a Socket.IO server: the testing page, and a user's own files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::proto::http::{Request, Response};

/// The testing page, which is at `/` unless the user has an `index.html`, and always at `/layerwalk/`; and what it loads:
/// the path, and the bytes.
const PAGES: [(&str, &[u8]); 12] = [
    ("/", include_bytes!("page/index.html")),
    ("/layerwalk/", include_bytes!("page/index.html")),
    ("/layerwalk/icon.svg", include_bytes!("page/icon.svg")),
    (
        "/layerwalk/layerwalk.css",
        include_bytes!("page/layerwalk.css"),
    ),
    ("/layerwalk/bytes.js", include_bytes!("page/bytes.js")),
    ("/layerwalk/engine.js", include_bytes!("page/engine.js")),
    ("/layerwalk/explain.js", include_bytes!("page/explain.js")),
    ("/layerwalk/log.js", include_bytes!("page/log.js")),
    ("/layerwalk/packet.js", include_bytes!("page/packet.js")),
    ("/layerwalk/page.js", include_bytes!("page/page.js")),
    ("/layerwalk/plain.js", include_bytes!("page/plain.js")),
    ("/layerwalk/socket.js", include_bytes!("page/socket.js")),
];

/// What the testing page may do (Content Security Policy, level 3): run and load what this server gives, connect to any
/// server that the user names, make elements from text alone, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src http: https: ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// The content types of files, by the ends of their names.
const TYPES: [(&str, &str); 15] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("wasm", "application/wasm"),
    ("woff2", "font/woff2"),
];

/// The largest file that is sent, in bytes: it is read whole.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// What the testing page begins with.
#[derive(Debug, Clone, Default)]
pub struct Preset {
    /// Whether it speaks WebSocket by itself, and nothing of Socket.IO.
    pub is_plain: bool,
    /// The path of the server's, where it is not the usual one.
    pub path: Option<String>,
}

impl Preset {
    /// The page with this in it, where its script looks for it.
    fn fill(&self, page: &str) -> String {
        let mut body = "<body".to_owned();
        if self.is_plain {
            body += " data-transport=\"plain\"";
        }
        if let Some(path) = &self.path {
            body += &format!(" data-path=\"{}\"", escaped(path));
        }
        page.replacen("<body", &body, 1)
    }
}

/// Text in an attribute of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

/// Answers a request with a file of the folder `root`, if there is one, or else with a page of the program's own.
pub fn answer(root: Option<&Path>, preset: &Preset, request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return text(405, "only GET and HEAD are answered here").with("Allow", "GET, HEAD");
    }
    let path = request.target.split(['?', '#']).next().unwrap_or_default();
    let file = root.and_then(|root| find(root, path));
    if let Some(file) = file {
        return send(&file);
    }
    match PAGES.iter().find(|(own, _)| *own == path) {
        Some((own, bytes)) => {
            let name = if own.ends_with('/') {
                "index.html"
            } else {
                own
            };
            let content_type = content_type(Path::new(name));
            let bytes = match std::str::from_utf8(bytes) {
                Ok(text) if name == "index.html" => preset.fill(text).into_bytes(),
                _ => bytes.to_vec(),
            };
            page(content_type, bytes)
                .with("Content-Security-Policy", POLICY)
                .with("Referrer-Policy", "no-referrer")
        }
        None => text(404, &format!("{path} is not here")),
    }
}

/// The file that a path names, if it is one, lies in the folder, and is not hidden: what begins with a dot, as `.env` and
/// `.git`, is nobody's to read but for `.well-known` (RFC 8615).
fn find(root: &Path, path: &str) -> Option<PathBuf> {
    let decoded = decode(path)?;
    if is_hidden(Path::new(&decoded)) {
        return None;
    }
    let root = fs::canonicalize(root).ok()?;
    let mut found = fs::canonicalize(root.join(decoded.trim_start_matches('/'))).ok()?;
    if found.is_dir() {
        found = fs::canonicalize(found.join("index.html")).ok()?;
    }
    let is_seen = !is_hidden(found.strip_prefix(&root).ok()?);
    (is_seen && found.is_file()).then_some(found)
}

fn is_hidden(path: &Path) -> bool {
    path.iter().any(|part| {
        part.as_encoded_bytes().starts_with(b".") && part != ".well-known" && part != ".."
    })
}

fn send(file: &Path) -> Response {
    let is_small = fs::metadata(file).is_ok_and(|known| known.len() <= MAX_FILE);
    if !is_small {
        return text(413, "this file is too large to be sent here");
    }
    match fs::read(file) {
        Ok(bytes) => page(content_type(file), bytes),
        Err(error) => text(500, &format!("it cannot be read: {error}")),
    }
}

/// What the end of the name says of the content.
fn content_type(file: &Path) -> &'static str {
    let end = file
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default();
    let known = TYPES
        .iter()
        .find(|(known, _)| end.eq_ignore_ascii_case(known));
    known.map_or("application/octet-stream", |(_, content_type)| content_type)
}

fn page(content_type: &str, bytes: Vec<u8>) -> Response {
    Response::new(200)
        .with_body(content_type, bytes)
        .with("Cache-Control", "no-cache")
        .with("X-Content-Type-Options", "nosniff")
}

fn text(code: u16, text: &str) -> Response {
    Response::new(code).with_body("text/plain; charset=utf-8", format!("{text}\n"))
}

/// A path without its percent-encoding (RFC 3986 §2.1); `None` where it is not text.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(root: Option<&Path>, path: &str) -> (u16, String, Vec<u8>) {
        let response = answer(
            root,
            &Preset::default(),
            &Request::new("GET", path, "localhost"),
        );
        let kind = response
            .headers
            .get("Content-Type")
            .unwrap_or_default()
            .to_owned();
        (response.code, kind, response.body)
    }

    #[test]
    fn files_of_the_folder_come_before_the_own_page_and_none_from_outside() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("site");
        fs::create_dir_all(root.join("a b")).expect("a folder");
        fs::write(dir.path().join("secret.txt"), "secret").expect("a file");
        fs::write(root.join("a b/x.json"), "{}").expect("a file");
        fs::create_dir_all(root.join(".git")).expect("a folder");
        fs::write(root.join(".git/config"), "secret").expect("a file");
        fs::write(root.join(".env"), "secret").expect("a file");
        let folder = root.as_path();
        let root = Some(folder);
        assert_eq!(
            get(root, "/a%20b/x.json?v=1"),
            (200, "application/json".into(), b"{}".into())
        );
        for outside in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/a%20b/../../secret.txt",
            "/%",
            "/a%20b",
            "/.env",
            "/%2eenv",
            "/a%20b/../.git/config",
        ] {
            assert_eq!(get(root, outside).0, 404, "{outside}");
        }
        assert_eq!(get(root, "/").1, "text/html; charset=utf-8");
        fs::write(folder.join("index.html"), "own").expect("a file");
        assert_eq!(get(root, "/").2, b"own");
    }

    #[test]
    fn the_own_page_has_all_that_it_loads_and_loads_nothing_else() {
        for (path, bytes) in PAGES {
            let text = std::str::from_utf8(bytes).expect("text");
            let (code, content_type, body) = get(None, path);
            assert_eq!((code, body.as_slice()), (200, bytes), "{path}");
            assert_ne!(content_type, "application/octet-stream", "{path}");
            let quoted = text.split(['"', '\'']);
            let loaded = quoted.filter_map(|text| match text.strip_prefix("./") {
                Some(module) => Some(format!("/layerwalk/{module}")),
                None => text.starts_with("/layerwalk/").then(|| text.to_owned()),
            });
            for loaded in loaded {
                assert_eq!(get(None, &loaded).0, 200, "{path} loads {loaded}");
            }
        }
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/live/page"));
        for file in files.expect("the folder") {
            let name = file.expect("a file").file_name().into_string();
            let name = name.expect("text");
            // what says to Node.js that these are modules
            if name == "index.html" || name == "package.json" {
                continue;
            }
            assert_eq!(get(None, &format!("/layerwalk/{name}")).0, 200, "{name}");
        }
    }

    #[test]
    fn the_page_is_told_what_to_begin_with() {
        let preset = Preset {
            is_plain: true,
            path: Some("/a\"<b>".to_owned()),
        };
        let body = answer(None, &preset, &Request::new("GET", "/", "localhost")).body;
        let page = String::from_utf8(body).expect("text");
        let begins = "<body data-transport=\"plain\" data-path=\"/a&quot;&lt;b>\">";
        assert!(page.contains(begins), "{page}");
    }

    #[test]
    fn only_the_own_page_is_bound_by_its_policy() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("index.html"), "own").expect("a file");
        let policy = |root, path: &str| {
            let response = answer(
                root,
                &Preset::default(),
                &Request::new("GET", path, "localhost"),
            );
            let policy = response.headers.get("Content-Security-Policy");
            policy.map(str::to_owned)
        };
        assert_eq!(policy(None, "/").as_deref(), Some(POLICY));
        assert_eq!(policy(Some(dir.path()), "/"), None);
        let own = policy(Some(dir.path()), "/layerwalk/");
        assert_eq!(own.as_deref(), Some(POLICY));
    }

    #[test]
    fn other_methods_and_paths_are_refused() {
        let code = |method, path| {
            answer(
                None,
                &Preset::default(),
                &Request::new(method, path, "localhost"),
            )
            .code
        };
        assert_eq!(code("HEAD", "/"), 200);
        assert_eq!(code("GET", "/layerwalk/package.json"), 404);
        assert_eq!(code("GET", "/layerwalk"), 404);
        assert_eq!(code("POST", "/"), 405);
    }
}

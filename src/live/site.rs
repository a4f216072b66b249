//! The pages beside a Socket.IO server: the testing page, and a user's own files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::proto::http::{Request, Response};

/// What is at `/` unless the user has an `index.html`: the path, the content type, the bytes.
const PAGES: [(&str, &str, &[u8]); 3] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_bytes!("page/index.html"),
    ),
    (
        "/layerwalk.js",
        "text/javascript; charset=utf-8",
        include_bytes!("page/layerwalk.js"),
    ),
    (
        "/layerwalk.css",
        "text/css; charset=utf-8",
        include_bytes!("page/layerwalk.css"),
    ),
];

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

/// Answers a request with a file of the folder `root`, if there is one, or else with a page of the program's own.
pub fn answer(root: Option<&Path>, request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return text(405, "only GET and HEAD are answered here").with("Allow", "GET, HEAD");
    }
    let path = request.target.split(['?', '#']).next().unwrap_or_default();
    let file = root.and_then(|root| find(root, path));
    if let Some(file) = file {
        return send(&file);
    }
    match PAGES.iter().find(|(own, ..)| *own == path) {
        Some((_, content_type, bytes)) => page(content_type, bytes.to_vec()),
        None => text(404, &format!("{path} is not here")),
    }
}

/// The file that a path names, if it is one and lies in the folder.
fn find(root: &Path, path: &str) -> Option<PathBuf> {
    let decoded = decode(path)?;
    let root = fs::canonicalize(root).ok()?;
    let mut found = fs::canonicalize(root.join(decoded.trim_start_matches('/'))).ok()?;
    if found.is_dir() {
        found = fs::canonicalize(found.join("index.html")).ok()?;
    }
    (found.starts_with(&root) && found.is_file()).then_some(found)
}

fn send(file: &Path) -> Response {
    let is_small = fs::metadata(file).is_ok_and(|known| known.len() <= MAX_FILE);
    if !is_small {
        return text(413, "this file is too large to be sent here");
    }
    let end = file
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default();
    let known = TYPES
        .iter()
        .find(|(known, _)| end.eq_ignore_ascii_case(known));
    let content_type = known.map_or("application/octet-stream", |(_, content_type)| content_type);
    match fs::read(file) {
        Ok(bytes) => page(content_type, bytes),
        Err(error) => text(500, &format!("it cannot be read: {error}")),
    }
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
        let response = answer(root, &Request::new("GET", path, "localhost"));
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
        let root = Some(root.as_path());
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
        ] {
            assert_eq!(get(root, outside).0, 404, "{outside}");
        }
        assert_eq!(get(root, "/").1, "text/html; charset=utf-8");
        fs::write(root.expect("it is").join("index.html"), "own").expect("a file");
        assert_eq!(get(root, "/").2, b"own");
        assert_eq!(get(None, "/layerwalk.js").0, 200);
    }
}

//! What a URL tells: the kind of server, where it is, and what is wanted there.

/// A server to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What is spoken there.
    pub scheme: Scheme,
    /// The host as the system looks it up: a name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The value of `Host`.
    pub authority: String,
    /// The path, such as `/chat`; empty where there is none.
    pub path: String,
    /// What stands behind the question mark; empty where nothing does.
    pub query: String,
}

/// What is spoken with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Socket.IO (`http://`, or none).
    SocketIo,
    /// WebSocket by itself (`ws://`).
    WebSocket,
}

impl Target {
    /// Reads a URL (RFC 3986 §3).
    ///
    /// # Errors
    /// In words, if it is none that can be connected to.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = match url.split_once("://") {
            None => (Scheme::SocketIo, url),
            Some(("http", rest)) => (Scheme::SocketIo, rest),
            Some(("ws", rest)) => (Scheme::WebSocket, rest),
            Some((tls @ ("https" | "wss"), _)) => {
                return Err(format!(
                    "{tls}:// is not spoken: there is no TLS here; connect to the server behind it with http:// or ws://"
                ));
            }
            Some((other, _)) => {
                return Err(format!("{other}:// is not spoken: it is http:// or ws://"));
            }
        };
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "{url:?} is no URL: other characters are written as %20 and the like"
            ));
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(at);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err("a name and a password in a URL are not sent; use --header".to_owned());
        }
        let (host, port) = host_and_port(authority)?;
        let named = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.clone(),
        };
        Ok(Self {
            scheme,
            authority: match port {
                80 => named,
                port => format!("{named}:{port}"),
            },
            host,
            port,
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }
}

/// The two parts of an authority; the usual port is 80.
fn host_and_port(authority: &str) -> Result<(String, u16), String> {
    let wrong = || format!("{authority:?} is no host with a port, such as localhost:3000");
    let (host, rest) = match authority.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or_else(wrong)?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => 80,
        None => return Err(wrong()),
        Some(port) => port.parse().map_err(|_| wrong())?,
    };
    if host.is_empty() || port == 0 {
        return Err(wrong());
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let check = |url: &str, expected: (Scheme, &str, u16, &str, &str, &str)| {
            let target = Target::parse(url).unwrap();
            let found = (
                target.scheme,
                &*target.host,
                target.port,
                &*target.authority,
                &*target.path,
                &*target.query,
            );
            assert_eq!(found, expected, "{url}");
        };
        use Scheme::{SocketIo, WebSocket};
        check(
            "localhost:3000",
            (SocketIo, "localhost", 3000, "localhost:3000", "", ""),
        );
        check("http://a", (SocketIo, "a", 80, "a", "", ""));
        check("http://a/x?y=z#w", (SocketIo, "a", 80, "a", "/x", "y=z"));
        check("http://a?y", (SocketIo, "a", 80, "a", "", "y"));
        check(
            "ws://[::1]:81/c/d",
            (WebSocket, "::1", 81, "[::1]:81", "/c/d", ""),
        );
    }

    #[test]
    fn what_is_no_url_here() {
        for (url, part) in [
            ("https://a", "no TLS"),
            ("wss://a", "no TLS"),
            ("ftp://a", "ftp:// is not spoken"),
            ("http://", "no host"),
            ("http://a:0", "no host"),
            ("http://a:b", "no host"),
            ("http://[::1", "no host"),
            ("http://a b", "no URL"),
            ("http://u:p@a", "--header"),
        ] {
            let error = Target::parse(url).unwrap_err();
            assert!(error.contains(part), "{url}: {error}");
        }
    }
}

//! permessage-deflate on an open connection (RFC 7692).

use super::{DeflateOptions, Role, WebSocket};
use crate::proto::websocket::{DeflateParams, Deflater, Inflater, MAX_WINDOW_BITS};
use crate::stack::cx::Cx;
use crate::stack::record::{Unit, What};

/// What a connection on which compression was agreed has beside others.
#[derive(Debug)]
pub(super) struct Compression {
    pub(super) params: DeflateParams,
    threshold: usize,
    /// None where the peer asked for a window so small that nobody writes it: everything is sent as it is.
    deflater: Option<Deflater>,
    pub(super) inflater: Inflater,
}

impl Compression {
    /// By what was agreed, and what the own options say beyond it.
    pub(super) fn new(role: &Role, params: DeflateParams) -> Self {
        let server = (
            params.server_max_window_bits,
            !params.server_no_context_takeover,
        );
        let client = (
            params.client_max_window_bits,
            !params.client_no_context_takeover,
        );
        let (options, (bits, takes_over), (_, peer_takes_over)) = match role {
            Role::Client { options, .. } => {
                let own = options.deflate.map(|own| own.params);
                let most = own.and_then(|own| own.client_max_window_bits);
                let bits = client.0.into_iter().chain(most).min();
                (options.deflate, (bits, client.1), server)
            }
            Role::Server { options } => (options.deflate, server, client),
        };
        let DeflateOptions {
            threshold, level, ..
        } = options.unwrap_or_default();
        Self {
            params,
            threshold,
            deflater: Deflater::new(level, bits.unwrap_or(MAX_WINDOW_BITS), takes_over),
            inflater: Inflater::new(peer_takes_over),
        }
    }

    fn deflate(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let deflater = self.deflater.as_mut()?;
        (message.len() >= self.threshold).then(|| deflater.deflate(message))
    }
}

impl WebSocket {
    /// The message compressed (§6.1), if compression was agreed and the message is long enough.
    pub(super) fn deflate(&mut self, cx: &mut Cx<'_>, message: &[u8]) -> Option<Vec<u8>> {
        let small = self.compression.as_mut()?.deflate(message)?;
        if cx.log.is_on() {
            let info = format!("{} bytes deflated to {}", message.len(), small.len());
            cx.step(
                6,
                self.conn,
                "RFC 7692 §6.1",
                What::Down(unit(info, small.len())),
            );
        }
        Some(small)
    }

    /// Says that a message of `small` bytes was inflated to `len` (§6.2).
    pub(super) fn record_inflated(&self, cx: &mut Cx<'_>, small: usize, len: usize) {
        if cx.log.is_on() {
            let info = format!("{small} bytes inflated to {len}");
            cx.step(6, self.conn, "RFC 7692 §6.2", What::Up(unit(info, small)));
        }
    }
}

fn unit(info: String, len: usize) -> Unit {
    Unit {
        protocol: "permessage-deflate",
        len,
        info: info.into(),
    }
}

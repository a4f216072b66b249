//! Which frames a display filter selects, without dissecting more than it asks for.
//!
//! Most filters ask for a few fields of the TCP and IP headers, or for what messages say. Of a frame that is nothing but
//! a TCP segment in an IP packet the former are read as [`brief`](super::brief) reads them, which takes a hundredth of the
//! time of a whole dissection.

use super::Walk;
use super::brief::{Net, Tcp, Transport};
use crate::base::FrameId;
use crate::proto::filter::Filter;
use crate::proto::registry;
use crate::proto::tree::{Dissection, Field, Layer, Value};

/// A display filter, and how much of a frame it asks for.
#[derive(Debug)]
pub struct Selector<'f> {
    filter: &'f Filter,
    /// The fields of headers that it asks for; `None` if it asks for others, too.
    headers: Option<Vec<&'static str>>,
    /// Whether it asks for what messages say.
    messages: bool,
}

/// What can be told of a TCP segment in an IP packet without a dissection.
const HEADERS: &[&str] = &[
    "ip",
    "ip.src",
    "ip.dst",
    "ip.addr",
    "ipv6",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.addr",
    "tcp",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.port",
    "tcp.stream",
    "tcp.seq_raw",
    "tcp.len",
    "tcp.flags.ack",
    "tcp.flags.push",
    "tcp.flags.reset",
    "tcp.flags.syn",
    "tcp.flags.fin",
    "tcp.window_size_value",
];

impl<'f> Selector<'f> {
    /// Looks at what the filter asks for.
    pub fn new(filter: &'f Filter) -> Self {
        let in_streams = filter.names_in_streams();
        let mut others = filter.names();
        others.retain(|name| !in_streams.contains(name));
        let known = others.iter().all(|name| HEADERS.contains(name));
        Self {
            filter,
            headers: known.then_some(others),
            messages: !in_streams.is_empty(),
        }
    }
}

impl Walk {
    /// The frames that a display filter selects: by themselves, or by a message that is whole with them.
    pub fn matching(&self, filter: &Filter) -> Vec<FrameId> {
        let selector = Selector::new(filter);
        self.originals()
            .filter(|id| self.selects(&selector, *id))
            .collect()
    }

    /// Whether a display filter selects a frame, by itself or by a message that is whole with it.
    pub fn selects(&self, selector: &Selector<'_>, id: FrameId) -> bool {
        let mut all = match &selector.headers {
            Some(asked) if asked.is_empty() => Vec::new(),
            Some(asked) => match self.headers(id, asked) {
                Some(headers) => vec![headers],
                None => self.whole(id),
            },
            None => self.whole(id),
        };
        if selector.messages {
            let messages = self.pipeline.ending_in(id).iter();
            all.extend(messages.map(|id| self.pipeline.message_dissection(*id)));
        }
        let all: Vec<&Dissection> = all.iter().collect();
        selector.filter.matches(&all)
    }

    /// The whole frame, with what is known of it as such.
    fn whole(&self, id: FrameId) -> Vec<Dissection> {
        let Some(view) = self.frame(id) else {
            return Vec::new();
        };
        let frame = Dissection {
            layers: vec![view.frame],
            ..Dissection::default()
        };
        vec![frame, view.dissection]
    }

    /// Of a frame that is nothing but a whole TCP segment in an IP packet, the fields of [`HEADERS`] that are asked for.
    fn headers(&self, id: FrameId, asked: &[&str]) -> Option<Dissection> {
        let stored = self.pipeline.store.get(id);
        let meta = self.pipeline.meta(id);
        let is_cut = stored.original_len as usize > stored.bytes.len();
        let Net::Ip(ip) = stored.net() else {
            return None;
        };
        // A packet that a router made is a frame of its own, but its bytes were not taken.
        if is_cut || ip.fragment.is_some() || meta.repeats.is_some() {
            return None;
        }
        let (segment, flow) = (self.pipeline.transport(id)?, meta.flow?);
        let Transport::Tcp(tcp) = segment else {
            return None;
        };
        let is_whole = tcp.payload.len() == tcp.wire_len && ip.payload.len() == ip.wire_len;
        let stream = self.pipeline.flows.get(flow).stream;
        let [source, destination] = [ip.source, ip.destination].map(Value::from);
        let name = if ip.source.is_ipv4() { "ip" } else { "ipv6" };
        let of_ip = [("src", &source), ("dst", &destination)].into_iter();
        let of_ip = of_ip.flat_map(|(which, value)| {
            ["addr", which].map(|which| (format!("{name}.{which}"), value.clone()))
        });
        let ip_fields = fields(of_ip, asked);
        let tcp_fields = fields(tcp_values(&tcp, stream).into_iter(), asked);
        let layers = vec![layer(name, ip_fields)?, layer("tcp", tcp_fields)?];
        is_whole.then(|| Dissection {
            layers,
            ..Dissection::default()
        })
    }
}

fn tcp_values(tcp: &Tcp, stream: u32) -> [(String, Value); 13] {
    let uint = |number: u64| Value::Uint(number);
    let [from, to] = [tcp.source, tcp.destination].map(|port| uint(port.into()));
    [
        ("srcport", from.clone()),
        ("dstport", to.clone()),
        ("port", from),
        ("port", to),
        ("stream", uint(stream.into())),
        ("seq_raw", uint(tcp.seq.into())),
        ("len", uint(tcp.wire_len as u64)),
        ("flags.ack", Value::Bool(tcp.flags.ack)),
        ("flags.push", Value::Bool(tcp.flags.psh)),
        ("flags.reset", Value::Bool(tcp.flags.rst)),
        ("flags.syn", Value::Bool(tcp.flags.syn)),
        ("flags.fin", Value::Bool(tcp.flags.fin)),
        ("window_size_value", uint(tcp.window.into())),
    ]
    .map(|(name, value)| (format!("tcp.{name}"), value))
}

/// Those of the values that are asked for, as fields.
fn fields(values: impl Iterator<Item = (String, Value)>, asked: &[&str]) -> Vec<Field> {
    let asked = values.filter(|(name, _)| asked.contains(&name.as_str()));
    let field =
        |(name, value): (String, Value)| Some(Field::derived(registry::field(&name)?, value));
    asked.filter_map(field).collect()
}

fn layer(protocol: &str, fields: Vec<Field>) -> Option<Layer> {
    Some(Layer {
        protocol: registry::protocol(protocol)?,
        buffer: 0,
        header: 0..0,
        payload: 0..0,
        summary: String::new(),
        fields,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::tests::{captures, open};

    /// What a filter selects when every frame is dissected whole.
    fn dissected(walk: &Walk, filter: &Filter) -> Vec<FrameId> {
        let all = Selector {
            filter,
            headers: None,
            messages: true,
        };
        walk.originals()
            .filter(|id| walk.selects(&all, *id))
            .collect()
    }

    #[test]
    fn the_short_way_selects_the_same_frames() {
        let texts = [
            "tcp",
            "!tcp",
            "ip && !ipv6",
            "ipv6.addr == ::1",
            "ip.src == 127.0.0.1",
            "ip.addr != 10.0.0.1",
            "ip.dst[0:1] == 7f",
            "tcp.port == 80",
            "tcp.srcport != 80 || tcp.dstport > 1024",
            "tcp.stream == 1",
            "tcp.seq_raw > 0x7fffffff",
            "tcp.len > 100",
            "tcp.len == 0 && tcp.flags.ack == 1 && tcp.flags.push == 0",
            "tcp.flags.reset == 1 || tcp.flags.syn == 1 || tcp.flags.fin",
            "tcp.window_size_value == 0",
            "http",
            "websocket || tcp.len == 1",
            "!http && tcp.flags.push == 1",
            "http.request.method == \"GET\" && tcp.port == 80",
            "tcp.flags & 2",
            "frame.number == 3",
        ];
        let mut selected = 0;
        for path in captures() {
            let walk = open(&path);
            for text in texts {
                let filter = Filter::compile(text).expect(text);
                let quick = walk.matching(&filter);
                selected += quick.len();
                assert_eq!(
                    quick,
                    dissected(&walk, &filter),
                    "{text} {}",
                    path.display()
                );
            }
        }
        assert!(captures().is_empty() || selected > 1000, "{selected}");
    }

    #[test]
    fn only_some_filters_have_a_short_way() {
        let is_short = |text| {
            let filter = Filter::compile(text).unwrap();
            Selector::new(&filter).headers.is_some()
        };
        assert!(is_short("tcp.port == 80 && http"));
        assert!(is_short("socketio.event == \"news\" || engineio.type == 5"));
        assert!(!is_short("tcp.flags == 2") && !is_short("tcp.port == 80 && icmp"));
    }
}

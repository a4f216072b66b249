//! Ideas that learners hold and that are wrong, each with the fact that replaces it.

/// An idea that learners hold, and the fact.
#[derive(Debug, PartialEq, Eq)]
pub struct Misconception {
    /// Its name in scenario files and statistics.
    pub id: &'static str,
    /// The idea, as a learner would say it.
    pub idea: &'static str,
    /// What is true.
    pub fact: &'static str,
}

/// The misconception with this id.
pub fn misconception(id: &str) -> Option<&'static Misconception> {
    ALL.iter().find(|entry| entry.id == id)
}

macro_rules! misconceptions {
    ($($id:literal: $idea:literal => $fact:literal;)*) => {
        /// Every misconception that is known here.
        pub static ALL: &[Misconception] =
            &[$(Misconception { id: $id, idea: $idea, fact: $fact }),*];
    };
}

misconceptions! {
    "syn-is-free": "SYN carries no data, so the number stays"
        => "SYN and FIN use up one sequence number each.";
    "ack-uses-number": "a pure ACK uses up a number"
        => "It does not: the next data has the same seq.";
    "ack-plus-one": "the ack of data is seq + len + 1"
        => "seq + len, the next byte wanted. The +1 is for SYN and FIN alone.";
    "ack-counts-packets": "ack counts packets"
        => "It names the next byte expected.";
    "two-is-enough": "two messages would do"
        => "The third proves that the client got the server's number.";
    "seq-starts-at-0": "sequence numbers start at 0"
        => "The first is random; tools show it as 0. Press r for the raw number.";
    "send-equals-receive": "one send is one receive"
        => "TCP is a stream of bytes; what was sent is cut and joined on the way.";
    "ack-means-read": "TCP's ACK means that the application has it"
        => "Only that the peer's TCP has it; what the application did, it has to say itself.";
    "bad-checksum": "a bad checksum in a capture is damage"
        => "Often it was left to the network card, after the capture saw the frame.";
    "seven-on-the-wire": "all seven layers have a header on the wire"
        => "5 to 7 describe what the bytes mean; TCP/IP itself has no such headers.";
    "mac-is-end-to-end": "the MAC address goes end to end"
        => "It names the next stop; each router writes new ones.";
    "key-is-security": "Sec-WebSocket-Key or masking keep the data secret"
        => "Neither encrypts: the key proves that the server speaks WebSocket, masking keeps proxies from being tricked.";
    "ws-is-http": "WebSocket runs over HTTP"
        => "HTTP only opens it. After the 101 the bytes are frames, and the server may speak first.";
    "sio-is-ws": "Socket.IO is WebSocket"
        => "It is a protocol of its own; WebSocket is one of its carriers.";
    "opens-as-ws": "Socket.IO opens as WebSocket"
        => "By default it opens with HTTP long-polling, then upgrades.";
    "42-is-a-code": "42 is a magic number"
        => "4 is Engine.IO's message, 2 is Socket.IO's EVENT.";
    "client-pings": "the client pings"
        => "In Engine.IO 4 the server pings and the client pongs.";
    "emit-to-all": "socket.emit reaches every client"
        => "It reaches that socket; io.emit reaches all, socket.broadcast.emit all others.";
    "emit-is-guaranteed": "an emit is guaranteed to arrive"
        => "At most once by default; an acknowledgement or a retry makes it more.";
    "tls-layer": "TLS is layer 6"
        => "It is put there for its work, encryption; it sits between TCP and the application.";
}

#[cfg(test)]
mod tests {
    use super::misconception;
    use crate::scenario::Idea;

    #[test]
    fn every_idea_that_a_scenario_can_name_is_known() {
        for word in Idea::WORDS {
            assert!(misconception(word).is_some(), "{word}");
        }
    }
}

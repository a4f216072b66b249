//! Captures: pcap and pcapng files, in and out, and live interfaces.
//!
//! [`file::read`] reads a file into a [`packet::Capture`]; [`pcapng::Writer`] writes one, whole or as the packets come.
//! Text from a capture (names, comments) is passed on as it is: whoever shows it makes it safe.

pub mod file;
pub mod live;
pub mod packet;
pub mod pcapng;
pub mod privileges;

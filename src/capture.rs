//! Captures: pcap and pcapng files, in and out, and live interfaces.

pub mod packet;

//! How a host's TCP behaves.

use std::time::Duration;

use super::Builder;
use crate::scenario::format::{Congestion, TcpKeys};
use crate::scenario::read::At;
use crate::scenario::values::Number;
use crate::stack::tcp::{CongestionAlgorithm, TcpConfig};

impl Builder<'_, '_> {
    pub(super) fn tcp(&mut self, keys: &TcpKeys) -> Option<TcpConfig> {
        self.check_spans(keys);
        let usual = TcpConfig::default();
        Some(TcpConfig {
            window_scaling: keys.window_scaling.value?,
            wind_shift: keys.wind_shift.value?.map(Number::narrow),
            sack: keys.sack.value?,
            timestamps: keys.timestamps.value?,
            mss: keys.mss.value?.map(Number::narrow),
            receive_buffer: (keys.receive_buffer.value?)
                .map_or(usual.receive_buffer, Number::narrow),
            send_buffer: keys
                .send_buffer
                .value?
                .map_or(usual.send_buffer, Number::narrow),
            delayed_ack: keys.delayed_ack.value?,
            nagle: keys.nagle.value?,
            minshall: keys.minshall.value?,
            sws_avoidance: keys.sws_avoidance.value?,
            congestion: match keys.congestion.value? {
                Congestion::Reno => CongestionAlgorithm::Reno,
                Congestion::Cubic => CongestionAlgorithm::Cubic,
                Congestion::None => CongestionAlgorithm::None,
            },
            initial_window: keys.initial_window.value?.narrow(),
            rack: keys.rack.value?,
            prr: keys.prr.value?,
            limited_transmit: keys.limited_transmit.value?,
            restart_after_idle: keys.restart_after_idle.value?,
            rto_initial: keys.rto_initial.value?,
            rto_min: keys.rto_min.value?,
            rto_max: keys.rto_max.value?,
            r2: keys.r2.value?,
            r2_syn: keys.r2_syn.value?,
            msl: keys.msl.value?,
            isn: keys.isn.value?.map(Number::narrow),
            isn_step: keys.isn_step.value?.narrow(),
            backlog: keys.backlog.value?.narrow(),
            syn_cookies: keys.syn_cookies.value?,
            ecn: keys.ecn.value?,
            black_hole_detection: keys.black_hole_detection.value?,
            keep_alive: keys.keep_alive.value?,
            keep_alive_interval: keys.keep_alive_interval.value?,
            keep_alive_probes: keys.keep_alive_probes.value?.narrow(),
            user_timeout: keys.user_timeout.value?,
            fin_wait_2: keys.fin_wait_2.value?,
        })
    }

    fn check_spans(&mut self, keys: &TcpKeys) {
        let spans = [
            &keys.rto_initial,
            &keys.rto_min,
            &keys.rto_max,
            &keys.keep_alive_interval,
        ];
        for at in spans {
            self.at_least_a_millisecond(at);
        }
        if let Some(delay) = keys
            .delayed_ack
            .given()
            .filter(|&&at| at > TcpConfig::DELAYED_ACK_MAX)
        {
            let message = format!("an acknowledgment may wait for 500 ms, not for {delay:?}");
            self.note(&keys.delayed_ack.span, message, "RFC 1122 §4.2.3.2");
        }
        if let (Some(min), Some(max)) = (keys.rto_min.get(), keys.rto_max.get())
            && min > max
        {
            let message = "`rto_min` is above `rto_max`";
            self.note(&keys.rto_min.span, message, "no time-out is between them");
        }
    }

    fn at_least_a_millisecond(&mut self, at: &At<Duration>) {
        if at
            .get()
            .is_some_and(|span| *span < Duration::from_millis(1))
        {
            let label = "the clock ticks once a millisecond";
            self.note(&at.span, "too short a time", label);
        }
    }
}

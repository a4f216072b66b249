//! Spans of time as people write them, and the real clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::base::Time;

/// The time that a text such as `500ms`, `1.5 s`, `2min` or `10` (seconds) says.
pub(in crate::cli) fn parse_duration(text: &str) -> Result<Duration, String> {
    let what = "a time is a number and ms, s, min or h, such as 500ms or 10s";
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
    let number: f64 = number.trim().parse().map_err(|_| what.to_owned())?;
    let unit = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(what.to_owned()),
    };
    let duration = Duration::try_from_secs_f64(number * unit).map_err(|_| what.to_owned())?;
    if duration.is_zero() {
        return Err("no time is too short: give it more than 0".to_owned());
    }
    Ok(duration)
}

/// Now, by the clock that frames are stamped with.
#[expect(
    clippy::disallowed_methods,
    reason = "a real capture ends at a real time"
)]
pub(in crate::cli) fn now() -> Time {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    Time::ZERO + since_epoch.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("10", 10_000),
            ("1.5 s", 1500),
            ("2min", 120_000),
            ("1h", 3_600_000),
        ] {
            let duration = parse_duration(text).expect(text);
            assert_eq!(duration.as_millis(), millis, "{text}");
        }
        for text in [
            "", "s", "ten", "-1s", "0", "0ms", "1 year", "inf", "nan", "1e300h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}

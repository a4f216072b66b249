//! Dates as HTTP writes them.

use super::Time;

/// The date of a time that counts from [`Time::SIMULATION_EPOCH`], as HTTP writes it (IMF-fixdate, RFC 9110 §5.6.7).
pub fn imf_fixdate(now: Time) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = (Time::SIMULATION_EPOCH.0 / 1_000_000_000).saturating_add(now.0 / 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let weekday = WEEKDAYS[(days % 7) as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let month = MONTHS[month];
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Year, month (from 0) and day (from 1) of a day since the Unix epoch, in the Gregorian calendar.
fn civil(mut days: u64) -> (u64, usize, u64) {
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let february = days_of_year(year) - 337;
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    (year, month, days + 1)
}

fn days_of_year(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(is_leap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let cases = [
            (0, "Thu, 01 Jan 2026 00:00:00 GMT"),
            (1, "Thu, 01 Jan 2026 00:00:01 GMT"),
            (58 * 86_400 + 86_399, "Sat, 28 Feb 2026 23:59:59 GMT"),
            (59 * 86_400, "Sun, 01 Mar 2026 00:00:00 GMT"),
            (68_169_600, "Tue, 29 Feb 2028 00:00:00 GMT"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(imf_fixdate(Time(seconds * 1_000_000_000)), expected);
        }
        // Whatever the time, it ends.
        assert!(imf_fixdate(Time::MAX).ends_with("GMT"));
    }
}

//! Numbers with a unit: time spans, rates, percentages, sizes.

use std::time::Duration;

use super::{Meaning, Wrong};
use crate::scenario::mistake::{advice, quote};

/// A span of time.
impl Meaning for Duration {
    const WORDS: &'static str = "time span";
    const EXAMPLES: &'static str = "`\"10 ms\"` or `\"1.5 s\"`";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *(ns|us|µs|ms|s|min|h)$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        const UNITS: &[(&str, u64)] = &[
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("ms", 1_000_000),
            ("s", 1_000_000_000),
            ("min", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ];
        with_unit(text, UNITS, "time").map(Duration::from_nanos)
    }
}

/// Bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) struct Rate(pub u64);

impl Meaning for Rate {
    const WORDS: &'static str = "rate";
    const EXAMPLES: &'static str = "`\"100 Mbit/s\"`";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *(bit/s|kbit/s|Mbit/s|Gbit/s)$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        const UNITS: &[(&str, u64)] = &[
            ("bit/s", 1),
            ("kbit/s", 1_000),
            ("Mbit/s", 1_000_000),
            ("Gbit/s", 1_000_000_000),
        ];
        match with_unit(text, UNITS, "rate")? {
            0 => Err(Wrong::all("with a rate of nothing no frame ever arrives")),
            rate => Ok(Self(rate)),
        }
    }
}

/// A part of a hundred, in millionths of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) struct Percent(u64);

impl Percent {
    /// As a part of one, from 0 to 1.
    pub fn of_one(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Meaning for Percent {
    const WORDS: &'static str = "percentage";
    const EXAMPLES: &'static str = "`\"5%\"` or `\"0.1%\"`";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *%$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        match with_unit(text, &[("%", 10_000)], "percentage")? {
            part @ 0..=1_000_000 => Ok(Self(part)),
            _ => Err(Wrong::all("more than 100%")),
        }
    }
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) struct Size(pub u64);

impl Meaning for Size {
    const WORDS: &'static str = "size";
    const EXAMPLES: &'static str = "`\"50 MB\"` or `\"64 KiB\"`";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *(B|kB|MB|GB|KiB|MiB|GiB)$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        const UNITS: &[(&str, u64)] = &[
            ("B", 1),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
        ];
        with_unit(text, UNITS, "size").map(Self)
    }
}

/// A decimal number and a unit, as a whole number of the smallest unit.
fn with_unit(text: &str, units: &[(&str, u64)], what: &str) -> Result<u64, Wrong> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start_matches(' '));
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let Some(&(_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let unit_at = (!unit.is_empty()).then_some(text.len() - unit.len()..text.len());
        let (message, help) = if number.is_empty() {
            (format!("{} is no {what}", quote(text)), None)
        } else if unit.is_empty() {
            (
                "the unit is missing".into(),
                Some(format!("units: {}", names.join(", "))),
            )
        } else {
            (
                format!("unknown unit {}", quote(unit)),
                advice(unit, &names),
            )
        };
        let at = if number.is_empty() { None } else { unit_at };
        return Err(Wrong { at, message, help });
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    exact(whole, fraction, factor)
        .ok_or_else(|| Wrong::all(format!("{} is no {what} that can be kept", quote(text))))
}

/// `whole.fraction` times `factor`, rounded down; `None` if it is no number or does not fit.
fn exact(whole: &str, fraction: &str, factor: u64) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(12)];
    let parts: u64 = fraction.parse().ok()?;
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(parts) * u128::from(factor) / scale;
    let whole: u64 = whole.parse().ok()?;
    whole
        .checked_mul(factor)?
        .checked_add(u64::try_from(part).ok()?)
}

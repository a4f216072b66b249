//! Arithmetic on sequence numbers.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A sequence number: a place in a circle of 2³² (RFC 9293 §3.4).
///
/// Comparison has a meaning only between numbers less than 2³¹ apart, and is not transitive: so this type has no `Ord`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// Whether it lies before `other`.
    pub fn lt(self, other: Self) -> bool {
        self.distance(other) < 0
    }

    /// Whether it lies before `other` or is the same.
    pub fn le(self, other: Self) -> bool {
        self.distance(other) <= 0
    }

    /// The one that lies behind the other.
    pub fn max(self, other: Self) -> Self {
        if self.lt(other) { other } else { self }
    }

    /// The one that lies before the other.
    pub fn min(self, other: Self) -> Self {
        if self.lt(other) { self } else { other }
    }

    /// How far it lies behind `earlier`; 0 if it does not.
    pub fn since(self, earlier: Self) -> u32 {
        if earlier.lt(self) { self - earlier } else { 0 }
    }

    fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }
}

impl Add<u32> for Seq {
    type Output = Self;
    fn add(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, count: u32) {
        *self = *self + count;
    }
}

impl Sub<u32> for Seq {
    type Output = Self;
    fn sub(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }
}

/// The steps from `earlier` forward to this one, around the circle.
impl Sub for Seq {
    type Output = u32;
    fn sub(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    #[test]
    fn order_goes_around() {
        assert!(Seq(u32::MAX).lt(Seq(0)));
        assert!(Seq(u32::MAX - 5).lt(Seq(5)));
        assert!(!Seq(5).lt(Seq(u32::MAX - 5)));
        assert!(Seq(7).le(Seq(7)) && !Seq(7).lt(Seq(7)));
        assert_eq!(Seq(3).since(Seq(u32::MAX)), 4);
        assert_eq!(Seq(u32::MAX).since(Seq(3)), 0);
        assert_eq!(Seq(u32::MAX).max(Seq(1)), Seq(1));
    }
}

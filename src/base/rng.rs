//! The only source of chance: a seeded stream that is the same everywhere, always.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng};

/// A random stream, cloneable, its output fixed by the seed and the label (ChaCha with 8 rounds).
///
/// Each user of chance takes a stream of its own by a label of its own, so that one more draw in one place moves
/// nothing anywhere else.
#[derive(Debug, Clone)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of this `seed` for the user of chance that `label` names.
    pub fn new(seed: u64, label: &str) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        // FNV-1a: documented, stable, and enough to tell labels apart.
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        key[8..16].copy_from_slice(&hash.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Fills `bytes` with random bits.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A number in `0..n`, each as likely. `n` must not be 0.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "a number below 0 does not exist");
        // Rejection keeps it free of bias; the loop ends with probability 1, on average in under two rounds.
        let zone = u64::MAX - (u64::MAX % n);
        loop {
            let draw = self.next_u64();
            if draw < zone {
                return draw % n;
            }
        }
    }

    /// True with probability `p` (0 to 1).
    pub fn chance(&mut self, p: f64) -> bool {
        // 53 bits: every double in [0, 1) of that grid is as likely.
        let unit = (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        unit < p
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn seed_and_label_fix_the_stream() {
        let draw = |seed, label| Rng::new(seed, label).next_u64();
        assert_eq!(draw(42, "isn"), draw(42, "isn"));
        assert_ne!(draw(42, "isn"), draw(43, "isn"));
        assert_ne!(draw(42, "isn"), draw(42, "mask"));
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Rng::new(1, "below");
        assert!((0..1000).all(|_| rng.below(7) < 7));
    }
}

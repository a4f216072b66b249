//! Random scenarios: from a number a whole scenario file, always the same one.
//!
//! `random:1234` names one wherever a scenario can be named. Hosts and their switches (`hosts`), the network and what
//! goes wrong on it (`network`), and the programs (`programs`) are drawn from streams of their own. What is drawn is
//! text in the file format: it can be read, saved, changed and checked like any other.
//!
//! Whatever is drawn, programs end what they begin: each of the two ends of a connection closes, shuts down or aborts it
//! in the end, or waits for the peer, which does. So a run that does not end is TCP's fault. [`sweep`] looks for one.

mod hosts;
mod network;
mod programs;
pub mod sweep;

use std::fmt::Write as _;

use super::{Error, Scenario, read};
use crate::base::Rng;
use hosts::Host;
use network::Network;
use programs::Talk;

/// What the name of a random scenario begins with.
pub const PREFIX: &str = "random:";

/// The largest seed: what a scenario file can say.
pub const LARGEST_SEED: u64 = i64::MAX as u64;

/// The seed that stands in a name, behind [`PREFIX`].
///
/// # Errors
/// It is no number up to [`LARGEST_SEED`].
pub fn seed(text: &str) -> Result<u64, Error> {
    let right = text.bytes().all(|byte| byte.is_ascii_digit());
    let seed = text
        .parse()
        .ok()
        .filter(|&seed| right && seed <= LARGEST_SEED);
    seed.ok_or_else(|| Error::Seed {
        text: text.to_owned(),
    })
}

/// The random scenario of this seed.
///
/// # Errors
/// The seed is larger than [`LARGEST_SEED`].
pub fn scenario(seed: u64) -> Result<Scenario, Error> {
    Ok(read(&name(seed), &text(seed))?)
}

/// What the random scenario of this seed is called.
pub fn name(seed: u64) -> String {
    format!("{PREFIX}{seed}")
}

/// The file of the random scenario of this seed.
pub fn text(seed: u64) -> String {
    let hosts = hosts::draw(&mut Draw::new(seed, "hosts"));
    let network = network::draw(&mut Draw::new(seed, "network"), &hosts);
    let talks = programs::draw(&mut Draw::new(seed, "programs"), &hosts, &network);
    write(seed, &hosts, &network, &talks)
}

fn write(seed: u64, hosts: &[Host], network: &Network, talks: &[Talk]) -> String {
    let mut text = String::new();
    let connections = counted(talks.len(), "connection");
    let summary = format!(
        "{}, {connections}; {}",
        counted(hosts.len(), "host"),
        network.faults_in_words()
    );
    let mut lesson = format!(
        "Nobody thought this up: all of it was drawn by chance from the number {seed}, which always gives the same.\n\n\
         What goes wrong: {}.\n",
        network.faults_in_words()
    );
    for host in hosts {
        let _ = write!(lesson, "\n{}\n", host.in_words());
    }
    if let Some(words) = network.in_words() {
        let _ = write!(lesson, "\n{words}\n");
    }
    for talk in talks {
        let _ = write!(lesson, "\n{}\n", talk.in_words());
    }
    // Infallible: a String takes everything.
    let _ = write!(
        text,
        "title   = \"A random conversation, number {seed}\"\nsummary = \"{summary}\"\nseed    = {seed}\n\
         limit   = \"1440 min\"\nlesson  = \"\"\"\n{lesson}\"\"\"\n"
    );
    for host in hosts {
        host.write(&mut text, network.is_routed());
    }
    network.write(&mut text);
    for talk in talks {
        talk.write(&mut text);
    }
    network.write_faults(&mut text);
    text
}

/// `1 host`, `2 hosts`.
fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// A stream of chance, and what is drawn from it.
struct Draw(Rng);

impl Draw {
    fn new(seed: u64, label: &str) -> Self {
        Self(Rng::new(seed, &format!("random {label}")))
    }

    /// True so many times out of a hundred.
    fn percent(&mut self, chance: u64) -> bool {
        self.0.below(100) < chance
    }

    /// A number from `least` to `most`, each as likely.
    fn number(&mut self, least: u64, most: u64) -> u64 {
        least + self.0.below(most.saturating_sub(least) + 1)
    }

    /// A number from `least` (at least 1) to `most`, small ones as likely as large ones: each doubling has the same
    /// chance.
    fn size(&mut self, least: u64, most: u64) -> u64 {
        let doublings = (most / least).max(1).ilog2();
        let from = least << self.number(0, doublings.into());
        self.number(from, (from * 2).saturating_sub(1).min(most).max(from))
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_random_scenario_is_a_right_one() {
        for seed in (0..300).chain([LARGEST_SEED]) {
            if let Err(error) = scenario(seed) {
                panic!("{error}\n{}", text(seed));
            }
        }
        assert!(scenario(LARGEST_SEED + 1).is_err());
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn sizes_reach_both_ends() {
        let mut draw = Draw::new(1, "sizes");
        let drawn: Vec<u64> = (0..10_000).map(|_| draw.size(1, 100)).collect();
        assert!(drawn.iter().all(|size| (1..=100).contains(size)));
        assert!(drawn.contains(&1) && drawn.iter().any(|&size| size > 90));
    }
}

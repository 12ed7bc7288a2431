//! How long to wait before a request is sent again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::moment;

/// How often a request is sent, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How often it is sent at most, from 1.
    pub attempts: u32,
    /// The wait after the first; it doubles each time.
    pub first: Duration,
    /// The longest wait, where the other side asks for none.
    pub longest: Duration,
    /// How much time all attempts may take together. A wait that would end later is not begun.
    pub patience: Duration,
}

impl Backoff {
    /// How long to wait after an attempt, the first being 1. What the other side asks for stands; else it is spread by up
    /// to a quarter, by `salt`, so that those who failed together do not come back together.
    pub fn wait(&self, attempt: u32, asked: Option<Duration>, salt: &str) -> Duration {
        if let Some(asked) = asked {
            return asked;
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1).min(20));
        let wait = self.first.saturating_mul(doubled).min(self.longest);
        let mut hasher = DefaultHasher::new();
        (salt, attempt).hash(&mut hasher);
        wait + wait.mul_f64((hasher.finish() % 1000) as f64 / 4000.0)
    }
}

/// Reads `Retry-After`: seconds, or a moment (RFC 9110, section 10.2.3). `now` is
/// the time since 1970.
pub(crate) fn asked(text: &str, now: Duration) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let moment = u64::try_from(moment::http(text)?).ok()?;
    Some(Duration::from_millis(moment).saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let backoff = Backoff {
            attempts: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            patience: Duration::from_secs(60),
        };
        for (attempt, least) in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 10.0), (99, 10.0)] {
            let wait = backoff.wait(attempt, None, "run").as_secs_f64();
            assert!((least..least * 1.25).contains(&wait), "{attempt}: {wait}");
        }
        assert_ne!(backoff.wait(1, None, "run"), backoff.wait(1, None, "other"));
        let asked = Duration::from_secs(30);
        assert_eq!(backoff.wait(1, Some(asked), "run"), asked);
    }

    #[test]
    fn retry_after_is_seconds_or_a_moment() {
        let check = |text: &str, now: u64, expected: Option<u64>| {
            let found = asked(text, Duration::from_secs(now));
            assert_eq!(found, expected.map(Duration::from_secs), "{text}");
        };
        check("120", 0, Some(120));
        check(" 0 ", 0, Some(0));
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770, Some(7));
        check("Thu, 01 Jan 1970 00:01:00 GMT", 0, Some(60));
        check("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_790, Some(10));
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_800, Some(0));
        for wrong in [
            "",
            "soon",
            "-1",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            check(wrong, 0, None);
        }
    }
}

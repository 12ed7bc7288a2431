//! The time it is, new identifiers and chance: those of the machine, or fixed ones with which a run can be repeated to
//! the byte.
//!
//! A fixed world belongs to a thread, so that many runs with worlds of their own go on beside each other. What a thread
//! starts on another thread takes its world along with [`World::current`] and [`World::enter`].

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Timestamp;

thread_local! {
    static WORLD: RefCell<World> = const { RefCell::new(World(None)) };
}

/// The world of a thread: that of the machine, or one in which time stands still and chance is known.
#[derive(Debug, Clone, Default)]
pub struct World(Option<Arc<Fixed>>);

#[derive(Debug)]
struct Fixed {
    time: Timestamp,
    seed: u64,
    /// How many random numbers and identifiers were given out.
    given: AtomicU64,
}

/// Brings back the world from before when it is dropped.
#[derive(Debug)]
pub struct Entered(World);

impl Drop for Entered {
    fn drop(&mut self) {
        WORLD.set(std::mem::take(&mut self.0));
    }
}

impl World {
    /// A world in which it is always the same time, and the same seed gives the same identifiers and random numbers.
    pub fn fixed(time: Timestamp, seed: u64) -> Self {
        let given = AtomicU64::new(0);
        Self(Some(Arc::new(Fixed { time, seed, given })))
    }

    /// The world of this thread.
    pub fn current() -> Self {
        WORLD.with_borrow(Self::clone)
    }

    /// Makes it the world of this thread until the answer is dropped.
    #[must_use]
    pub fn enter(self) -> Entered {
        Entered(WORLD.replace(self))
    }

    /// Whether runs are repeated to the byte here.
    pub fn is_fixed(&self) -> bool {
        self.0.is_some()
    }
}

/// The time it is.
pub fn now() -> Timestamp {
    WORLD.with_borrow(|world| world.0.as_ref().map_or_else(Timestamp::now, |fixed| fixed.time))
}

/// Bits of a new identifier: a UUIDv7 (RFC 9562), so that they sort by time, and in a fixed world by age.
pub fn identifier() -> u128 {
    WORLD.with_borrow(|world| match &world.0 {
        None => uuid::Uuid::now_v7().as_u128(),
        Some(fixed) => fixed.identifier(),
    })
}

/// Fills bytes with chance.
pub fn random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    WORLD.with_borrow(|world| match &world.0 {
        None => getrandom::fill(bytes),
        Some(fixed) => {
            for chunk in bytes.chunks_mut(8) {
                let number = fixed.number(fixed.next()).to_le_bytes();
                chunk.copy_from_slice(&number[..chunk.len()]);
            }
            Ok(())
        }
    })
}

impl Fixed {
    fn next(&self) -> u64 {
        self.given.fetch_add(1, Ordering::Relaxed)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), whose state after any number of steps is known without making them.
    fn number(&self, place: u64) -> u64 {
        let mut mixed = self
            .seed
            .wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(place.wrapping_add(1)));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn identifier(&self) -> u128 {
        const VERSION: u128 = 7 << 76;
        const VARIANT: u128 = 0b10 << 62;
        let place = self.next();
        let milliseconds = u128::from(self.time.as_millisecond().unsigned_abs()) << 80;
        // The field of 12 bits and the first 20 of the field of 62 count, so that text order is age.
        let count = u128::from(place & 0xffff_ffff);
        let (high, low) = (count >> 20, count & 0xf_ffff);
        let chance = u128::from(self.number(place)) & ((1 << 42) - 1);
        milliseconds | VERSION | (high << 64) | VARIANT | (low << 42) | chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(seed: u64) -> World {
        World::fixed("2026-01-02T03:04:05Z".parse().unwrap(), seed)
    }

    fn given(seed: u64) -> (u128, [u8; 11], u128) {
        let _entered = world(seed).enter();
        let mut bytes = [0; 11];
        let first = identifier();
        random(&mut bytes).unwrap();
        (first, bytes, identifier())
    }

    #[test]
    fn a_seed_gives_the_same_each_time_and_another_seed_something_else() {
        assert_eq!(given(1), given(1));
        assert_ne!(given(1).0, given(2).0);
        assert_ne!(given(1).1, given(2).1);
    }

    #[test]
    fn fixed_identifiers_are_of_version_7_and_sort_by_age() {
        let _entered = world(3).enter();
        let many: Vec<u128> = (0..3000).map(|_| identifier()).collect();
        assert!(many.is_sorted());
        for bits in many {
            let uuid = uuid::Uuid::from_u128(bits);
            assert_eq!(uuid.get_version_num(), 7);
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn a_world_ends_where_it_was_entered_and_other_threads_have_their_own() {
        let time = world(1).0.unwrap().time;
        {
            let _entered = world(1).enter();
            assert_eq!(now(), time);
            let elsewhere = std::thread::spawn(|| World::current().is_fixed()).join().unwrap();
            assert!(!elsewhere);
        }
        assert!(!World::current().is_fixed());
        assert!(now() > time);
    }
}

//! What a guest sees of time and chance where a run is to be repeated to the byte.

use std::cell::Cell;
use std::time::Duration;

use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::model::clock::{self, World};

/// Bytes of chance after which a guest gets the same ones again.
const CHANCE: usize = 4096;
/// How much later it is each time that a guest asks, so that one that waits by asking comes to an end.
const STEP: u64 = 1_000;

struct StandingClock(Duration);

struct SteppingClock(Cell<u64>);

impl HostWallClock for StandingClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for SteppingClock {
    fn resolution(&self) -> u64 {
        STEP
    }

    fn now(&self) -> u64 {
        self.0.replace(self.0.get().saturating_add(STEP))
    }
}

/// Gives a guest the time and the chance of a fixed world, where the thread is in one.
pub(super) fn settle(wasi: &mut WasiCtxBuilder) {
    if !World::current().is_fixed() {
        return;
    }
    let mut chance = vec![0; CHANCE];
    let mut seed = [0; 16];
    // A fixed world makes its own chance and cannot run out of it.
    for bytes in [&mut chance[..], &mut seed[..]] {
        if clock::random(bytes).is_err() {
            return;
        }
    }
    let since_1970 = clock::now().as_duration().unsigned_abs();
    wasi.wall_clock(StandingClock(since_1970))
        .monotonic_clock(SteppingClock(Cell::new(0)))
        .secure_random(Deterministic::new(chance.clone()))
        .insecure_random(Deterministic::new(chance))
        .insecure_random_seed(u128::from_le_bytes(seed));
}

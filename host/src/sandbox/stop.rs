//! Word to a task that it shall end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a task may ask, and the host may say, about its end. Clones are the same sign.
#[derive(Debug, Clone, Default)]
pub struct StopSign(Arc<Sign>);

#[derive(Debug, Default)]
struct Sign {
    is_requested: AtomicBool,
    was_asked: AtomicBool,
}

impl StopSign {
    /// Tells the task to end, the next time it asks.
    pub fn request(&self) {
        self.0.is_requested.store(true, Ordering::Relaxed);
    }

    /// Whether the task was told to end.
    pub fn is_requested(&self) -> bool {
        self.0.is_requested.load(Ordering::Relaxed)
    }

    /// Whether the task has ever asked, so that it is worth telling it.
    pub fn was_asked(&self) -> bool {
        self.0.was_asked.load(Ordering::Relaxed)
    }

    /// What the task hears when it asks.
    pub(super) fn ask(&self) -> bool {
        self.0.was_asked.store(true, Ordering::Relaxed);
        self.is_requested()
    }
}

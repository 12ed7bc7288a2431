//! The threads that tasks run on when several run side by side.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that are started when they are first needed: most flows do one thing at a time.
#[derive(Default)]
pub(super) struct Workers(OnceLock<Option<Runtime>>);

impl Workers {
    /// Where to spawn what runs beside others. The thread that drives the execution itself, where no more can be had.
    pub(super) fn handle(&self) -> Handle {
        let runtime = self
            .0
            .get_or_init(|| Builder::new_multi_thread().enable_all().build().ok());
        runtime
            .as_ref()
            .map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(Some(runtime)) = self.0.take() {
            // What is still at work has been cut off, and may not be waited for here.
            runtime.shutdown_background();
        }
    }
}

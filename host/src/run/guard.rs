//! Keeps a panic of the host within the task run it happened in.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Waits for a future; a panic in it is an error in words.
pub(super) async fn guarded<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    // What the future held is dropped with it and looked at by nobody.
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => {
                let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
                Poll::Ready(Err(words.unwrap_or_else(|| "it said nothing".to_owned())))
            }
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_a_value_a_value() {
        assert_eq!(guarded(async { 1 }).await, Ok(1));
        let breaks = async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "it broke");
        };
        assert_eq!(guarded(breaks).await, Err("it broke".to_owned()));
    }
}

//! The bounds that keep any template, however written, from using up the stack, the memory or the hour.

/// Bytes in a template.
pub(super) const SOURCE: usize = 4 << 20;
/// Levels of expressions and tags within each other, which also bounds how deep evaluation calls itself.
pub(super) const NESTING: usize = 100;
/// Levels of evaluation, through macros and `render` as well.
pub(super) const EVALUATION: usize = 200;
/// Bytes of stack that evaluation may use: what a thread has by default, with room for its caller and for jq.
pub(super) const STACK: usize = 1 << 20;
/// Faults reported for one template.
pub(super) const ERRORS: usize = 50;
/// Bytes a template may write.
pub(super) const OUTPUT: usize = 16 << 20;
/// Bytes a value may weigh, a part that occurs twice counted twice.
pub(super) const WEIGHT: usize = 32 << 20;
/// Levels of lists and maps in a value.
pub(super) const DEPTH: usize = 200;
/// Numbers in a range.
pub(super) const RANGE: usize = 100_000;
/// Steps of evaluation; handling a large value costs more than one.
pub(super) const STEPS: u64 = 5_000_000;
/// Bytes in a jq filter.
pub(super) const JQ_SOURCE: usize = 8 << 10;
/// Steps of a jq filter that runs where it is called.
pub(super) const JQ_STEPS_INLINE: u64 = 3_000;
/// Bytes of stack that such a filter may use.
pub(super) const JQ_STACK_INLINE: usize = 512 << 10;
/// Steps of a jq filter in a thread of its own.
pub(super) const JQ_STEPS: u64 = 1_000_000;
/// Bytes of stack that such a filter may use; the thread has much more, for what has to be taken apart in the end.
pub(super) const JQ_STACK: usize = 16 << 20;
/// Bytes of stack of a thread for jq.
pub(super) const JQ_THREAD: usize = 512 << 20;

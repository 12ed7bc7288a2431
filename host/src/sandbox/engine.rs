//! The one wasmtime engine of the process, with every setting that guards the host made explicit.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use super::error::SandboxError;
use super::limits::Limits;

/// How often a running guest gives way, and so how late a limit on time may strike.
const TICK: Duration = Duration::from_millis(10);

/// The engine that all instances share.
pub(super) struct Machine {
    pub engine: Engine,
    ticking: OnceLock<()>,
}

impl Machine {
    /// Where only few instances will be made, each gets room of its own: a pool costs about as much as ten of them.
    /// `limits` are the common ones, and `most` the largest instances and tables that any plugin is allowed.
    pub(super) fn new(is_small: bool, limits: &Limits, most: Parts) -> Result<Self, SandboxError> {
        let engine = match is_small {
            true => Engine::new(&config(limits)),
            // A machine that bounds address space may refuse the pool; instances then cost more and are the same.
            false => {
                Engine::new(config(limits).allocation_strategy(pool(most))).or_else(|_| Engine::new(&config(limits)))
            }
        };
        let engine = engine.map_err(SandboxError::Engine)?;
        Ok(Self {
            engine,
            ticking: OnceLock::new(),
        })
    }

    /// Starts the clock that makes busy guests give way; the thread ends with the engine.
    pub(super) fn tick(&self) {
        self.ticking.get_or_init(|| {
            let engine = self.engine.weak();
            std::thread::spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            });
        });
    }
}

/// What the thread of a guest has beside the stack of the guest itself, for the host's own calls.
const HOST_STACK: usize = 1024 * 1024;

fn config(limits: &Limits) -> Config {
    let stack = usize::try_from(limits.stack).unwrap_or(usize::MAX).min(MOST_STACK);
    let mut config = Config::new();
    config.wasm_component_model(true);
    // A busy guest gives way at each tick, so that limits on time hold.
    config.epoch_interruption(true);
    config.consume_fuel(false);
    config.max_wasm_stack(stack);
    config.async_stack_size(stack + HOST_STACK);
    // A guest must not find what an earlier one left on its stack.
    config.async_stack_zeroing(true);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(20));
    // Cranelift only: the single-pass compiler is not meant for code that nobody vouches for.
    config.strategy(Strategy::Cranelift);
    // What no plugin needs and a hostile one could use.
    config.wasm_memory64(false);
    config.wasm_shared_everything_threads(false);
    config.wasm_stack_switching(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.shared_memory(false);
    config.gc_support(false);
    config.concurrency_support(false);
    // Compiled files are written by this process alone, and say for which version they are.
    config.debug_info(false);
    config
}

/// The largest stack that may be asked for.
const MOST_STACK: usize = 64 * 1024 * 1024;

/// Most plugin instances that live at once.
const INSTANCES: u32 = 64;

/// The most memories, and tables, that a valid module has. The engine goes through as many whenever it forgets a module.
const PER_MODULE: u32 = 100;

/// What the largest component may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    /// Core instances, memories and tables, each.
    pub instances: usize,
    /// Entries of one table.
    pub table_entries: u64,
}

/// How much more room a table has than its limit allows, so that the limiter, and not the pool, says what was too much.
/// It costs addresses, and no memory.
const ROOM: u64 = 10;

/// Room for instances that is used again, so that a task run costs no memory mapping. Whatever an instance has touched
/// is back in its first state before the next one gets it. There is room for as many instances as live at once, each as
/// large as may be: none takes from what another may have. It costs addresses, not memory.
fn pool(most: Parts) -> InstanceAllocationStrategy {
    let parts = u32::try_from(most.instances).unwrap_or(u32::MAX).max(1);
    let all = INSTANCES.saturating_mul(parts);
    let mut pool = PoolingAllocationConfig::new();
    // The limiter of each instance is stricter, and says which limit it was.
    pool.total_component_instances(INSTANCES)
        .total_core_instances(all)
        .total_memories(all)
        .total_tables(all)
        .total_stacks(INSTANCES)
        .max_core_instances_per_component(u32::MAX)
        .max_memories_per_component(u32::MAX)
        .max_tables_per_component(u32::MAX)
        .max_memories_per_module(PER_MODULE)
        .max_tables_per_module(PER_MODULE)
        .table_elements(usize::try_from(most.table_entries.saturating_mul(ROOM)).unwrap_or(usize::MAX))
        // Small enough to be cleared faster than it is given back to the kernel.
        .linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(16 * 1024)
        .async_stack_keep_resident(16 * 1024);
    InstanceAllocationStrategy::Pooling(pool)
}

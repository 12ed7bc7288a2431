//! The one wasmtime engine of the process, with every setting that guards the host made explicit.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::abi_0_1::{self, Guest};
use super::error::SandboxError;

/// How often a running guest gives way, and so how late a limit on time may strike.
const TICK: Duration = Duration::from_millis(10);

/// The engine and the linker that all instances share.
pub(super) struct Machine {
    pub engine: Engine,
    pub linker: Linker<Guest>,
    ticking: OnceLock<()>,
}

impl Machine {
    /// Where only few instances will be made, each gets room of its own: a pool costs about as much as ten of them.
    pub(super) fn new(is_small: bool) -> Result<Self, SandboxError> {
        let engine = match is_small {
            true => Engine::new(&config()),
            // A machine that bounds address space may refuse the pool; instances then cost more and are the same.
            false => Engine::new(config().allocation_strategy(pool())).or_else(|_| Engine::new(&config())),
        };
        let engine = engine.map_err(SandboxError::Engine)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(SandboxError::Engine)?;
        abi_0_1::add_to_linker(&mut linker).map_err(SandboxError::Engine)?;
        Ok(Self {
            engine,
            linker,
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

fn config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    // A busy guest gives way at each tick, so that limits on time hold.
    config.epoch_interruption(true);
    config.max_wasm_stack(1024 * 1024);
    config.async_stack_size(2 * 1024 * 1024);
    // A guest must not find what an earlier one left on its stack.
    config.async_stack_zeroing(true);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(20));
    // What no plugin needs and a hostile one could use.
    config.wasm_memory64(false);
    config.concurrency_support(false);
    config
}

/// Most plugin instances that live at once.
const INSTANCES: u32 = 64;
/// What a component may consist of; the limiter of each instance is stricter.
const PARTS: u32 = 32;

/// Room for instances that is used again, so that a task run costs no memory mapping. Whatever an instance has touched
/// is back in its first state before the next one gets it.
fn pool() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * PARTS)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * PARTS)
        .total_stacks(INSTANCES)
        .max_core_instances_per_component(PARTS)
        .max_tables_per_component(PARTS)
        .table_elements(100_000)
        // Small enough to be cleared faster than it is given back to the kernel.
        .linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(16 * 1024)
        .async_stack_keep_resident(16 * 1024);
    InstanceAllocationStrategy::Pooling(pool)
}

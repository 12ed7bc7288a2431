//! The limits of one task run, all of them in one place, each with the reason for its default.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::model::{amount, closest};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The most that `instances` and `table_entries` may be: addresses are laid by for as many instances as live at once, and
/// a process has no more than 47 bits of them.
const MOST_INSTANCES: u64 = 200;
const MOST_TABLE_ENTRIES: u64 = 10_000_000;

/// A kind of amount: how it is read from settings and how it is shown.
trait Amount: Sized {
    fn read(text: &str) -> Result<Self, String>;
    fn show(&self, unit: Unit) -> String;
}

/// What an amount counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Count,
    Time,
}

impl Amount for u64 {
    fn read(text: &str) -> Result<Self, String> {
        amount::bytes(text)
    }

    fn show(&self, unit: Unit) -> String {
        match unit {
            Unit::Bytes => amount::in_bytes(*self),
            Unit::Count | Unit::Time => self.to_string(),
        }
    }
}

impl Amount for usize {
    fn read(text: &str) -> Result<Self, String> {
        let number = amount::bytes(text)?;
        usize::try_from(number).map_err(|_| format!("`{text}` is more than this machine can count"))
    }

    fn show(&self, unit: Unit) -> String {
        (*self as u64).show(unit)
    }
}

impl Amount for Duration {
    fn read(text: &str) -> Result<Self, String> {
        amount::duration(text)
    }

    fn show(&self, _: Unit) -> String {
        format!("{} s", self.as_secs_f64())
    }
}

/// Who may be given a limit of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// Each plugin.
    Plugin,
    /// Only all plugins together: it holds before it is known which plugin it is, or for the engine as a whole.
    All,
}

/// A limit, as it is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitInfo {
    pub name: &'static str,
    pub default: String,
    pub scope: LimitScope,
    /// What it bounds.
    pub bounds: &'static str,
    /// Why the default is what it is.
    pub reason: &'static str,
}

macro_rules! limits {
    ($($name:ident: $kind:ty, $unit:ident, $scope:ident = $default:expr, $bounds:literal, $reason:literal;)*) => {
        /// What one task run may use. A run that asks for more ends with a failure that names the limit.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Limits {
            $(#[doc = $bounds] pub $name: $kind,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// All limits with their defaults, in the order they are documented.
            pub fn table() -> Vec<LimitInfo> {
                let defaults = Self::default();
                vec![$(LimitInfo {
                    name: stringify!($name),
                    default: defaults.$name.show(Unit::$unit),
                    scope: LimitScope::$scope,
                    bounds: $bounds,
                    reason: $reason,
                },)*]
            }

            /// The value of each limit, in the order of the table.
            pub fn values(&self) -> Vec<String> {
                vec![$(self.$name.show(Unit::$unit),)*]
            }

            fn assign(&mut self, name: &str, text: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => self.$name = <$kind as Amount>::read(text)?,)*
                    _ => return Err("it is no limit".to_owned()),
                }
                Ok(())
            }
        }
    };
}

limits! {
    time: Duration, Time, Plugin = Duration::from_secs(300),
        "wall time of `run` and `declare` together, also while the guest waits in a call to the host",
        "longer than any task that comes with begat needs, and short enough that a loop is noticed";
    memory: u64, Bytes, Plugin = 256 * MIB,
        "bytes in all linear memories together",
        "the engine's own limit is per memory, and a component may have many";
    table_entries: u64, Count, Plugin = 100_000,
        "entries in all tables together; at most 10000000",
        "bashkit uses some 6,000; an entry costs the host 8 bytes";
    instances: usize, Count, Plugin = 32,
        "core instances, memories and tables, each; at most 200",
        "the engine's default is 10,000; components that were linked from parts have a handful";
    stack: u64, Bytes, All = MIB,
        "bytes of the WebAssembly stack",
        "deep enough for recursive parsers, far from the 2 MiB that the host gives the thread of a guest";
    host_buffers: usize, Bytes, Plugin = 16 * MIB as usize,
        "bytes that one call may copy into the host",
        "the engine's default of 128 MiB lets one list argument hold that much of the host's memory";
    handles: usize, Count, Plugin = 1_000,
        "handles that the guest may hold, and resources that the host keeps for it",
        "the engine's defaults are 100,000 handles and 1,000,000 resources";
    random: u64, Bytes, Plugin = MIB,
        "bytes of fresh randomness in one request",
        "the engine's default of 64 MiB is made in one go while nothing else runs";
    log_lines: u64, Count, Plugin = 100_000,
        "lines in the log of one task run",
        "each becomes a row of the catalog";
    log_bytes: u64, Bytes, Plugin = 16 * MIB,
        "bytes in the log of one task run",
        "what a person can read, many times over";
    log_line: usize, Bytes, Plugin = 16 * KIB as usize,
        "bytes of one log line",
        "longer ones are data, which belongs in outputs and files";
    outputs: usize, Bytes, Plugin = 4 * MIB as usize,
        "bytes of the outputs as JSON",
        "they are kept in the catalog and read by every expression after";
    json_depth: usize, Count, Plugin = 64,
        "how deep JSON of the guest may be nested",
        "walking it costs the host stack";
    assets: usize, Count, Plugin = 1_000,
        "assets that one task run may declare, in all bundles",
        "each output of a bundle is joined with each of its inputs";
    metadata: usize, Bytes, Plugin = 64 * KIB as usize,
        "bytes of one asset's metadata as JSON",
        "every version of it is kept";
    work_bytes: u64, Bytes, Plugin = 256 * MIB,
        "bytes in all files of `/work` and of granted folders together, also those that were there before",
        "WASI knows no quota, and the disk is shared with everything else";
    work_files: u64, Count, Plugin = 10_000,
        "files, folders and links in `/work` and in granted folders, also those that were there before",
        "inodes run out before bytes do";
    http_requests: u64, Count, Plugin = 200,
        "HTTP requests of one task run",
        "each is a connection of its own and an event";
    http_at_once: usize, Count, Plugin = 8,
        "HTTP requests that are under way at the same time",
        "each holds a socket";
    http_bytes: u64, Bytes, Plugin = 64 * MIB,
        "bytes of all HTTP bodies that are sent and received",
        "a body may be endless";
    http_headers: usize, Count, Plugin = 100,
        "header fields of one request or response",
        "as many as browsers and proxies take; tens of thousands have brought hosts down";
    http_header_bytes: usize, Bytes, Plugin = 64 * KIB as usize,
        "bytes of the header fields of one request or response",
        "proxies take 8 to 64 KiB";
    http_time: Duration, Time, Plugin = Duration::from_secs(60),
        "wall time of one HTTP request, from resolving the name to the last byte",
        "the engine's default waits 600 s at each step";
    tools_at_once: usize, Count, Plugin = 8,
        "programs of the host that run at the same time",
        "each is a process with pipes, and may start more";
    component_size: u64, Bytes, All = 64 * MIB,
        "bytes of a component file",
        "language runtimes make components of 20 MB";
    compile_time: Duration, Time, All = Duration::from_secs(600),
        "wall time of compiling a component",
        "the engine promises nothing about it; 8 MB of code take 7 s of a free processor, and ten times that of a busy one";
}

impl Limits {
    /// Sets a limit of one plugin as it is written in settings.
    ///
    /// # Errors
    /// Says what is wrong, and which limit was meant.
    pub fn set(&mut self, name: &str, text: &str, scope: LimitScope) -> Result<(), String> {
        let table = Self::table();
        let Some(info) = table.iter().find(|info| info.name == name) else {
            let near = closest(name, table.iter().map(|info| info.name));
            let tip = near.map_or_else(
                || "; `begat plugin limits` shows all".to_owned(),
                |near| format!("; did you mean `{near}`?"),
            );
            return Err(format!("`{name}` is no limit{tip}"));
        };
        if info.scope == LimitScope::All && scope == LimitScope::Plugin {
            return Err(format!("`{name}` is a limit of all plugins; set it under `[limits]`"));
        }
        self.assign(name, text)
            .map_err(|reason| format!("`{name}`: {reason}"))?;
        for (bounded, value, most) in [
            ("instances", self.instances as u64, MOST_INSTANCES),
            ("table_entries", self.table_entries, MOST_TABLE_ENTRIES),
        ] {
            if name == bounded && !(1..=most).contains(&value) {
                return Err(format!("`{name}`: `{text}` is not from 1 to {most}"));
            }
        }
        Ok(())
    }
}

/// Adds up what an instance holds over all its memories and tables; wasmtime's own limiter bounds each alone.
#[derive(Debug)]
pub(super) struct Meter {
    memory: u64,
    memory_limit: u64,
    table_entries: u64,
    table_limit: u64,
    instances: usize,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory: 0,
            memory_limit: limits.memory,
            table_entries: 0,
            table_limit: limits.table_entries,
            instances: limits.instances,
        }
    }
}

/// Why growth was refused; it ends the task run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LimitExceeded {
    #[error("the task needs more memory than its limit of {} (`memory`)", amount::in_bytes(*.0))]
    Memory(u64),
    #[error("the task needs more table entries than its limit of {0} (`table_entries`)")]
    Tables(u64),
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory + desired.saturating_sub(current) as u64;
        if total > self.memory_limit {
            return Err(LimitExceeded::Memory(self.memory_limit).into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_entries + desired.saturating_sub(current) as u64;
        if total > self.table_limit {
            return Err(LimitExceeded::Tables(self.table_limit).into());
        }
        self.table_entries = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name_and_a_slip_of_the_hand_is_recognised() {
        let mut limits = Limits::default();
        let mut check = |name: &str, text: &str, expected: Result<(), &str>| {
            let result = limits.set(name, text, LimitScope::Plugin);
            assert_eq!(result, expected.map_err(str::to_owned));
        };
        check("time", "0.5", Ok(()));
        check("memory", "64 MiB", Ok(()));
        check("assets", "7", Ok(()));
        check("memori", "1", Err("`memori` is no limit; did you mean `memory`?"));
        check(
            "nonsense",
            "1",
            Err("`nonsense` is no limit; `begat plugin limits` shows all"),
        );
        check(
            "stack",
            "1 MiB",
            Err("`stack` is a limit of all plugins; set it under `[limits]`"),
        );
        check(
            "time",
            "never",
            Err("`time`: `never` is no span of time; write it as `0.5`, `30 s` or `5 min`"),
        );
        check("instances", "200", Ok(()));
        check("instances", "201", Err("`instances`: `201` is not from 1 to 200"));
        check("instances", "0", Err("`instances`: `0` is not from 1 to 200"));
        check("table_entries", "10000000", Ok(()));
        check(
            "table_entries",
            "10000001",
            Err("`table_entries`: `10000001` is not from 1 to 10000000"),
        );
        assert_eq!(limits.time, Duration::from_millis(500));
        assert_eq!((limits.memory, limits.assets), (64 * MIB, 7));
    }

    /// A module whose one function grows its table for ever.
    fn table_bomb() -> Vec<u8> {
        use wasm_encoder::{
            BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, HeapType, Module, RefType,
            TableSection, TableType, TypeSection,
        };
        let (mut types, mut functions, mut tables) = (TypeSection::new(), FunctionSection::new(), TableSection::new());
        let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
        types.ty().function([], []);
        functions.function(0);
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 1,
            maximum: None,
            shared: false,
        });
        exports.export("run", ExportKind::Func, 0);
        let mut run = Function::new([]);
        run.instructions()
            .loop_(BlockType::Empty)
            .ref_null(HeapType::FUNC)
            .i32_const(10_000)
            .table_grow(0)
            .drop()
            .br(0)
            .end()
            .end();
        code.function(&run);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&tables);
        module.section(&exports).section(&code);
        module.finish()
    }

    #[test]
    fn a_table_that_grows_for_ever_ends_at_the_limit_on_tables() {
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, table_bomb()).unwrap();
        let mut store = wasmtime::Store::new(&engine, Meter::new(&Limits::default()));
        store.limiter(|meter| meter);
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(
            error.downcast_ref::<LimitExceeded>().unwrap().to_string(),
            "the task needs more table entries than its limit of 100000 (`table_entries`)"
        );
    }

    #[test]
    fn instances_are_counted() {
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, table_bomb()).unwrap();
        let limits = Limits::default();
        let mut store = wasmtime::Store::new(&engine, Meter::new(&limits));
        store.limiter(|meter| meter);
        for _ in 0..limits.instances {
            wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
        }
        assert!(wasmtime::Instance::new(&mut store, &module, &[]).is_err());
    }

    #[test]
    fn memory_is_added_up_over_all_memories() {
        let limits = Limits {
            memory: 10 * MIB,
            ..Limits::default()
        };
        let mut meter = Meter::new(&limits);
        let six = 6 * MIB as usize;
        assert!(meter.memory_growing(0, six, None).is_ok());
        let error = meter.memory_growing(0, six, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the task needs more memory than its limit of 10 MiB (`memory`)"
        );
        assert!(meter.memory_growing(six, six + 100, None).is_ok());
    }
}

//! The limits of one task run, all of them in one place.

use std::time::Duration;

use wasmtime::ResourceLimiter;

const MIB: u64 = 1024 * 1024;

/// What one task run may use. A run that asks for more ends with a failure that names the limit.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall time of `run` and `declare` together, also while the guest waits in a call to the host.
    pub time: Duration,
    /// Bytes in all linear memories together.
    pub memory: u64,
    /// Entries in all tables together.
    pub table_entries: u64,
    /// Core instances, memories and tables, each.
    pub instances: usize,
    /// Bytes that one call may copy into the host.
    pub host_buffers: usize,
    /// Handles that the guest may hold, and resources that the host keeps for it.
    pub handles: usize,
    /// Bytes of fresh randomness in one request.
    pub random: u64,
    /// Lines in the log of one task run.
    pub log_lines: u64,
    /// Bytes in the log of one task run.
    pub log_bytes: u64,
    /// Bytes of one log line.
    pub log_line: usize,
    /// Bytes of the outputs as JSON.
    pub outputs: usize,
    /// Assets that one task run may declare, in all bundles.
    pub assets: usize,
    /// Bytes of one asset's metadata as JSON.
    pub metadata: usize,
    /// Bytes in all files of `/work` together, also those that were there before the call.
    pub work_bytes: u64,
    /// Files, folders and links in `/work`, also those that were there before the call.
    pub work_files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(300),
            memory: 256 * MIB,
            // bashkit uses some 6,000; a table entry costs the host 8 bytes.
            table_entries: 100_000,
            instances: 32,
            // wasmtime's own default of 128 MiB lets one list argument hold that much of the host's memory.
            host_buffers: 16 * MIB as usize,
            handles: 1_000,
            random: MIB,
            log_lines: 100_000,
            log_bytes: 16 * MIB,
            log_line: 16 * 1024,
            outputs: 4 * MIB as usize,
            assets: 1_000,
            metadata: 64 * 1024,
            work_bytes: 256 * MIB,
            work_files: 10_000,
        }
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
    #[error("the task needs more memory than its limit of {} MiB (`memory`)", .0 / MIB)]
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

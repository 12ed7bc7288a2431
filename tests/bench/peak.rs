//! The most memory a command holds.

use std::process::{Command, Stdio};

use anyhow::Result;

/// Runs a command and gives the most memory that it held at once, in bytes, as the kernel last said before its end.
pub fn of(command: &mut Command) -> Result<u64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        let text = std::fs::read_to_string(&status_file).unwrap_or_default();
        most = most.max(high_water_mark(&text).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            anyhow::ensure!(status.success() && most > 0, "{command:?}: {status}, {most} bytes");
            return Ok(most);
        }
    }
}

/// `VmHWM` of proc_pid_status(5).
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

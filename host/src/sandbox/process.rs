//! Processes of the host and the groups they are killed as.

use rustix::process::{Pid, Signal, kill_process_group};

/// Kills a process that leads a group, with all that is left of the group.
pub(super) fn kill_group(leader: u32) {
    let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
    if let Some(leader) = leader {
        // There may be nobody left.
        let _was_there = kill_process_group(leader, Signal::KILL).is_ok();
    }
}

/// Kills the group when it is dropped, whatever the reason: a limit, a cancelled task, or that its leader has ended.
pub(super) struct Group(pub u32);

impl Group {
    /// Kills it before its time.
    pub(super) fn kill(&self) {
        kill_group(self.0);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

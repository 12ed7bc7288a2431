//! The process that delivers beside runs: one for each destination of a catalog, apart from whoever started it, gone when
//! nothing new comes.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::courier::{Courier, Failure};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long it stays after the last event.
const LINGER: Duration = Duration::from_secs(2);
/// How long is waited after a failure: at first, and at most.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a destination may fail until the rest is left to the next run.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much others go first where processors are short.
const NICENESS: i32 = 10;

/// Makes this process independent of the terminal, the folder and the open files of the one that started it.
pub(super) fn leave_the_parent() {
    close_inherited();
    // Each of these is a courtesy: where one is refused, events go out all the same.
    let _own_session = rustix::process::setsid().is_ok();
    let _is_nice = rustix::process::nice(NICENESS).is_ok();
    let _holds_no_folder = std::env::set_current_dir(Path::new("/")).is_ok();
}

/// Closes what the parent left open for its children: a pipe or a lock would else be held for as long as this takes.
fn close_inherited() {
    use rustix::fd::BorrowedFd;
    use rustix::io::{FdFlags, fcntl_getfd};
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let numbers: Vec<i32> = numbers.filter(|number| *number > 2).collect();
    for number in numbers {
        #[expect(unsafe_code, reason = "files of the parent have no owner here")]
        // SAFETY: all that this process opens is closed on exec. What is not came through one, so nobody here owns it.
        unsafe {
            if fcntl_getfd(BorrowedFd::borrow_raw(number)).is_ok_and(|flags| !flags.contains(FdFlags::CLOEXEC)) {
                rustix::io::close(number);
            }
        }
    }
}

/// Delivers until all is told or the destination has failed for long.
pub(super) fn deliver(courier: &mut Courier) {
    // Another one may have ended the moment before it could see what waits: so whoever ends looks once more after it has
    // given the lock back, and no event is left to nobody.
    while let Ok(Some(lock)) = courier.files.lock_watching() {
        let all_told = deliver_while_new(courier);
        drop(lock);
        if !all_told || !courier.has_more() {
            return;
        }
    }
}

/// Delivers until nothing new comes. Whether all was told.
fn deliver_while_new(courier: &mut Courier) -> bool {
    let mut last_news = Instant::now();
    let mut failing_since = None;
    let mut pause = PAUSE;
    loop {
        match courier.step() {
            Ok(is_more) => {
                failing_since = None;
                pause = PAUSE;
                match is_more {
                    true => last_news = Instant::now(),
                    false if last_news.elapsed() > LINGER => return true,
                    false => {
                        courier.summary(None);
                        sleep(LOOK);
                    }
                }
            }
            Err(Failure { reason, may_pass }) => {
                let since = *failing_since.get_or_insert_with(Instant::now);
                courier.summary(Some(reason));
                if !may_pass || since.elapsed() > PATIENCE {
                    return false;
                }
                sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

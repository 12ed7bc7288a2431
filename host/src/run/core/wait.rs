//! Tasks that wait: `Sleep`, and `Pause` where it says for how long.

use std::time::Duration;

use super::{Effect, outputs, text};
use crate::model::{JsonMap, State};
use crate::plan::parse_duration;
use crate::run::job::{Done, failure};
use crate::sandbox::TaskFailure;

fn length(properties: &JsonMap, name: &str) -> Result<Option<Duration>, TaskFailure> {
    let Some(given) = text(properties, name) else {
        return Ok(None);
    };
    match parse_duration(&given) {
        Some(length) => Ok(Some(length)),
        None => {
            let message = format!("`{name}`: `{given}` is no ISO 8601 duration such as PT5M");
            Err(failure("invalid-properties", message))
        }
    }
}

pub(super) async fn sleep(properties: &JsonMap) -> Result<Done, TaskFailure> {
    tokio::time::sleep(length(properties, "duration")?.unwrap_or_default()).await;
    Ok(Done::default())
}

/// Waits out the delay; one without a delay is left to whoever resumes the execution.
pub(super) async fn pause(properties: &JsonMap) -> Result<Done, TaskFailure> {
    let delay = length(properties, "delay")?.or(length(properties, "pauseDuration")?);
    let delay = delay.ok_or_else(|| failure("contract", "a pause without a delay is not waited out"))?;
    tokio::time::sleep(delay).await;
    let done = Done::with(outputs([("resumed", false.into())]));
    match text(properties, "behavior").as_deref() {
        Some("WARN") => Ok(Done {
            warning: Some("nobody resumed it in time".to_owned()),
            ..done
        }),
        Some("FAIL") => Err(failure("timed-out", "nobody resumed it in time")),
        Some("CANCEL") => Ok(Done {
            effects: vec![Effect::Exit(State::Cancelled)],
            ..done
        }),
        _ => Ok(done),
    }
}

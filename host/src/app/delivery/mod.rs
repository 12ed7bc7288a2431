//! OpenLineage events on their way out while flows run: read from the log, from where the last delivery ended, by a process
//! of its own. A run starts that process where something waits and nobody is at it, and neither waits for it nor fails
//! with it.

mod beside;
mod courier;
mod detached;
mod files;

use std::path::{Path, PathBuf};

use super::{App, AppError};
use crate::config::OpenLineage;
use crate::config::openlineage::Target;

pub(super) use beside::Delivery;
use courier::Courier;
pub use courier::Delivered;

impl App {
    /// Delivers what waits. While another process sends, waits for its turn.
    pub fn deliver(&self) -> Result<Delivered, AppError> {
        let mut courier = self.courier()?;
        loop {
            match courier.step() {
                Ok(true) => {}
                Ok(false) => return Ok(courier.summary(None)),
                Err(failure) => return Ok(courier.summary(Some(failure.reason))),
            }
        }
    }

    /// Delivers what waits and what is recorded meanwhile, apart from whoever started this process, until nothing new
    /// comes or the destination has taken nothing for long.
    pub fn deliver_detached(&self) -> Result<(), AppError> {
        detached::leave_the_parent();
        detached::deliver(&mut self.courier()?);
        Ok(())
    }

    fn courier(&self) -> Result<Courier, AppError> {
        let config = self.config()?.openlineage.ok_or_else(|| {
            AppError::refused("no destination of events is set")
                .with_hint("write `[openlineage]` with `url = \"…\"` or `file = \"…\"` into `begat.toml`")
        })?;
        Courier::new(&absolute(&self.settings.catalog), &config)
    }
}

/// A path that means the same in another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What tells one destination from another.
fn name_of(config: &OpenLineage) -> String {
    match &config.target {
        Target::File(path) => absolute(path).display().to_string(),
        Target::Http { url, .. } => url.clone(),
    }
}

/// The bearer token, from the environment.
fn token_of(config: &OpenLineage) -> Result<Option<String>, AppError> {
    let Target::Http {
        token_variable: Some(name),
        ..
    } = &config.target
    else {
        return Ok(None);
    };
    let token = std::env::var(name).map_err(|_| {
        AppError::refused(format!("the environment variable `{name}` is not set"))
            .with_hint("`token_env` of `[openlineage]` names it in `begat.toml`")
    });
    token.map(Some)
}

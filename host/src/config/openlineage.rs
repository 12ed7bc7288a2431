//! `[openlineage]`: where events go as they happen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// How long an answer is waited for where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where OpenLineage events go as they happen.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenLineage {
    pub target: Target,
    /// The namespace of jobs and datasets.
    pub namespace: Option<String>,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// A file that grows, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    File(PathBuf),
    Http {
        url: String,
        /// The environment variable that holds a bearer token.
        token_variable: Option<String>,
    },
}

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    url: Option<String>,
    file: Option<PathBuf>,
    namespace: Option<String>,
    token_env: Option<String>,
    timeout: Option<f64>,
}

impl Written {
    /// Checks what is written. The error says what is wrong.
    pub(super) fn settle(self, folder: &Path) -> Result<OpenLineage, String> {
        let target = match (self.url, self.file) {
            (Some(url), None) if url.starts_with("http://") || url.starts_with("https://") => Target::Http {
                url,
                token_variable: self.token_env,
            },
            (Some(url), None) => {
                return Err(format!("`url` must begin with `http://` or `https://`, and is `{url}`"));
            }
            (None, Some(file)) => Target::File(folder.join(file)),
            (None, None) | (Some(_), Some(_)) => return Err("give either `url` or `file`".to_owned()),
        };
        if self
            .namespace
            .as_deref()
            .is_some_and(|namespace| !is_namespace(namespace))
        {
            return Err("`namespace` must be like `begat://prod`: lower case and without a path".to_owned());
        }
        let timeout = match self.timeout {
            None => TIMEOUT,
            Some(seconds) if seconds > 0.0 && seconds <= 600.0 => Duration::from_secs_f64(seconds),
            Some(_) => return Err("`timeout` must be a number of seconds above 0 and at most 600".to_owned()),
        };
        Ok(OpenLineage {
            target,
            namespace: self.namespace,
            timeout,
        })
    }
}

/// `scheme://authority` in lower case: what consumers keep of a namespace.
fn is_namespace(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_+:".contains(c);
    !scheme.is_empty() && !authority.is_empty() && scheme.chars().chain(authority.chars()).all(is_plain)
}

//! Reads the file and checks what it says.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Config, ConfigError, openlineage};

/// The whole file. Unknown keys are refused: a misspelt setting would set nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    openlineage: Option<openlineage::Written>,
}

/// Reads the settings of a file. Relative paths in it are those of its folder.
///
/// # Errors
/// When the file cannot be read, is no TOML, or says something that begat does not know.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let text = fs::read_to_string(path).map_err(failed)?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let wrong = |place: String, reason: String| ConfigError::Malformed {
        path: path.to_owned(),
        place,
        reason,
        hint: None,
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |line| format!(" line {line}"));
        wrong(place, error.message().replace('\n', " "))
    })?;
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let openlineage = file.openlineage.map(|written| written.settle(&folder)).transpose();
    Ok(Config {
        file: Some(path.to_owned()),
        openlineage: openlineage.map_err(|reason| wrong(String::new(), format!("`openlineage`: {reason}")))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::openlineage::Target;

    fn check(text: &str, expected: &str) {
        let error = parse(text, Path::new("begat.toml")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_destination_is_a_file_or_an_address() {
        let read = |text: &str| {
            parse(text, Path::new("project/begat.toml"))
                .unwrap()
                .openlineage
                .unwrap()
        };
        let file = read("[openlineage]\nfile = \"events.jsonl\"\n");
        assert_eq!(file.target, Target::File("project/events.jsonl".into()));
        assert_eq!(file.namespace, None);
        let http = read(
            "[openlineage]\nurl = \"https://lineage.example.com/api/v1/lineage\"\nnamespace = \"begat://prod\"\ntoken_env = \"TOKEN\"\ntimeout = 2.5\n",
        );
        let token = Some("TOKEN".to_owned());
        let url = "https://lineage.example.com/api/v1/lineage".to_owned();
        assert_eq!(
            http.target,
            Target::Http {
                url,
                token_variable: token
            }
        );
        assert_eq!(
            (http.namespace.as_deref(), http.timeout.as_millis()),
            (Some("begat://prod"), 2500)
        );
        assert_eq!(parse("", Path::new("begat.toml")).unwrap().openlineage, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        check(
            "[openlineage]\nurl = \"http://a\"\nfile = \"b\"\n",
            "`begat.toml`: `openlineage`: give either `url` or `file`",
        );
        check(
            "[openlineage]\n",
            "`begat.toml`: `openlineage`: give either `url` or `file`",
        );
        check(
            "[openlineage]\nurl = \"ftp://a\"\n",
            "`begat.toml`: `openlineage`: `url` must begin with `http://` or `https://`, and is `ftp://a`",
        );
        check(
            "[openlineage]\nfile = \"a\"\nnamespace = \"Prod/eu\"\n",
            "`begat.toml`: `openlineage`: `namespace` must be like `begat://prod`: lower case and without a path",
        );
        check(
            "[openlineage]\nfile = \"a\"\ntimeout = 0\n",
            "`begat.toml`: `openlineage`: `timeout` must be a number of seconds above 0 and at most 600",
        );
        check(
            "\n[openlineage]\nfiel = \"a\"\n",
            "`begat.toml` line 3: unknown field `fiel`, expected one of `url`, `file`, `namespace`, `token_env`, `timeout`",
        );
    }
}

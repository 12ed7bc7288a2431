//! Reads the file and checks what it says.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::written::{Amount, File, Program, Secret};
use super::{Config, ConfigError, PluginConfig, Signatures};
use crate::model::{Grant, GrantKind, SecretOrigin, Tool, amount, closest};

/// Limits of a tool where nothing else is said.
const TOOL_TIME: Duration = Duration::from_secs(300);
const TOOL_OUTPUT: u64 = 4 * 1024 * 1024;
/// No settings are larger.
const SIZE: u64 = 1024 * 1024;
/// Variables through which a program can be made to run something else.
const DANGEROUS: [&str; 8] = [
    "PATH",
    "BASH_ENV",
    "ENV",
    "IFS",
    "SHELLOPTS",
    "PYTHONPATH",
    "NODE_OPTIONS",
    "PERL5OPT",
];
const DANGEROUS_BEGINNINGS: [&str; 3] = ["LD_", "DYLD_", "GIT_"];

/// Reads the settings of a file. Relative paths in it are those of its folder.
///
/// # Errors
/// When the file cannot be read, is no TOML, or says something that begat does not know.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > SIZE {
        return Err(failed(std::io::Error::new(
            ErrorKind::FileTooLarge,
            format!("it has {size} bytes, at most {SIZE} are read"),
        )));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| malformed(path, text, &error))?;
    let wrong = |reason: String| ConfigError::Malformed {
        path: path.to_owned(),
        place: String::new(),
        reason,
        hint: None,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = std::path::absolute(folder).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    // Its paths are shown to people, so that they stay as they are written.
    let beside = path.parent().map(PathBuf::from).unwrap_or_default();
    let openlineage = file.openlineage.map(|written| written.settle(&beside)).transpose();
    let mut config = Config {
        file: Some(path.to_owned()),
        openlineage: openlineage.map_err(|reason| wrong(format!("`openlineage`: {reason}")))?,
        limits: texts(file.limits),
        signatures: Signatures {
            required: file.signatures.required,
            keys: file.signatures.keys,
        },
        authorities: file.net.ca.map(|path| folder.join(path)),
        ..Config::default()
    };
    for (name, plugin) in file.plugins {
        let digest = plugin.digest.map(|text| digest(&text)).transpose();
        let said = PluginConfig {
            grants: plugin.allow.into_iter().map(|grant| grant.within(&folder)).collect(),
            limits: texts(plugin.limits),
            digest: digest.map_err(|reason| wrong(format!("`plugins.{name}.digest`: {reason}")))?,
            signed_by: signer(plugin.signed_by, &config.signatures)
                .map_err(|reason| wrong(format!("`plugins.{name}.signed_by`: {reason}")))?,
        };
        config.plugins.insert(name, said);
    }
    if let Some(grant) = file.flow.allow.iter().find(|grant| !is_for_expressions(grant)) {
        return Err(wrong(format!(
            "`flow.allow`: expressions can use `env` and `secret`, and nothing else such as `{grant}`"
        )));
    }
    config.flow = file.flow.allow.into_iter().collect();
    for (name, secret) in file.secrets {
        let origin = origin(secret, &folder).map_err(|reason| wrong(format!("`secrets.{name}`: {reason}")))?;
        config.secrets.insert(name, origin);
    }
    for (name, program) in file.tools {
        let tool = tool(&name, program).map_err(|reason| wrong(format!("`tools.{name}`: {reason}")))?;
        config.tools.insert(name, tool);
    }
    Ok(config)
}

/// The name of a key that is there.
fn signer(name: Option<String>, signatures: &Signatures) -> Result<Option<String>, String> {
    match &name {
        Some(key) if !signatures.keys.contains_key(key) => Err(format!("no key `{key}` stands in `[signatures.keys]`")),
        _ => Ok(name),
    }
}

fn is_for_expressions(grant: &Grant) -> bool {
    matches!(grant.kind, GrantKind::Env | GrantKind::Secret)
}

fn texts(amounts: BTreeMap<String, Amount>) -> BTreeMap<String, String> {
    amounts
        .into_iter()
        .map(|(name, amount)| (name, amount.into_text()))
        .collect()
}

fn digest(text: &str) -> Result<String, String> {
    let hexadecimal = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    match hexadecimal.len() == 64 && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(hexadecimal),
        false => Err("a sha256 has 64 hexadecimal digits".to_owned()),
    }
}

fn origin(secret: Secret, folder: &Path) -> Result<SecretOrigin, String> {
    match (secret.env, secret.file, secret.command) {
        (Some(name), None, None) => Ok(SecretOrigin::Environment(name)),
        (None, Some(file), None) => Ok(SecretOrigin::File(folder.join(file))),
        (None, None, Some(command)) => match command.first().map(Path::new) {
            Some(program) if program.is_absolute() => Ok(SecretOrigin::Command(command)),
            Some(program) => Err(format!(
                "`{}` is no absolute path; a program is never looked up",
                program.display()
            )),
            None => Err("the command is empty".to_owned()),
        },
        _ => Err("give exactly one of `env`, `file` and `command`".to_owned()),
    }
}

fn tool(name: &str, program: Program) -> Result<Tool, String> {
    let path = PathBuf::from(&program.path);
    let is_plain = path
        .components()
        .all(|part| !matches!(part, Component::ParentDir | Component::CurDir));
    if !path.is_absolute() || !is_plain {
        return Err(format!(
            "`path` must be absolute, without `..`; `{}` is not: a program is never looked up",
            program.path
        ));
    }
    if let Some(variable) = program.variables.iter().find(|name| is_dangerous(name)) {
        return Err(format!(
            "`variables`: with `{variable}` a plugin could make the program run anything; set it in `environment`"
        ));
    }
    let amounts = (
        program.time.map(Amount::into_text),
        program.output.map(Amount::into_text),
    );
    let time = amounts.0.map_or(Ok(TOOL_TIME), |text| amount::duration(&text));
    let output = amounts.1.map_or(Ok(TOOL_OUTPUT), |text| amount::bytes(&text));
    Ok(Tool {
        name: name.to_owned(),
        path,
        digest: program.sha256.map(|text| digest(&text)).transpose()?,
        arguments: program.arguments,
        environment: program.environment,
        variables: program.variables,
        time: time.map_err(|reason| format!("`time`: {reason}"))?,
        output: output.map_err(|reason| format!("`output`: {reason}"))?,
    })
}

fn is_dangerous(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    DANGEROUS.contains(&name.as_str()) || DANGEROUS_BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// Says where the fault is, and which known word was meant.
fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = error
        .span()
        .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let reason = error.message().trim().replace('\n', " ");
    let mut quoted = reason.split('`').skip(1).step_by(2);
    let unknown = reason.starts_with("unknown field").then(|| quoted.next()).flatten();
    let near = unknown.and_then(|name| closest(name, quoted));
    ConfigError::Malformed {
        path: path.to_owned(),
        place: line.map_or_else(String::new, |line| format!(" line {line}")),
        hint: near.map(|near| format!("did you mean `{near}`?")),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::openlineage::Target;

    fn parsed(text: &str) -> Config {
        parse(text, Path::new("/project/begat.toml")).unwrap()
    }

    fn check_line(text: &str, expected: &str) {
        let error = parse(text, Path::new("begat.toml")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    fn check_error(text: &str, message: &str, hint: Option<&str>) {
        let error = parse(text, Path::new("begat.toml")).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.hint()), (message, hint));
    }

    #[test]
    fn all_that_can_be_said_is_understood() {
        let config = parsed(
            r#"
            limits = { time = 60, memory = "128 MiB" }
            [plugins.http]
            allow = ["net=api.example.com", "read=data"]
            digest = "sha256:AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            limits = { time = 0.5 }
            [flow]
            allow = ["env=STAGE", "secret=TOKEN"]
            [secrets.TOKEN]
            env = "API_TOKEN"
            [secrets.KEY]
            file = "key.pem"
            [secrets.PASS]
            command = ["/usr/bin/pass", "show", "x"]
            [net]
            ca = "ca.pem"
            [tools.terraform]
            path = "/usr/bin/terraform"
            arguments = ["plan", "{dir}"]
            variables = ["TF_LOG"]
            time = "2 min"
            "#,
        );
        let http = &config.plugins["http"];
        let grants: Vec<String> = http.grants.iter().map(ToString::to_string).collect();
        assert_eq!(grants, ["net=api.example.com", "read=/project/data"]);
        assert_eq!(http.digest, Some("a".repeat(64)));
        assert_eq!(http.limits["time"], "0.5");
        assert_eq!(
            (config.limits["time"].as_str(), config.limits["memory"].as_str()),
            ("60", "128 MiB")
        );
        assert_eq!(config.flow.iter().count(), 2);
        assert_eq!(
            config.secrets["KEY"],
            SecretOrigin::File(PathBuf::from("/project/key.pem"))
        );
        assert_eq!(config.authorities, Some(PathBuf::from("/project/ca.pem")));
        assert_eq!(config.tools["terraform"].time, Duration::from_secs(120));
        assert_eq!(config.tools["terraform"].output, TOOL_OUTPUT);
    }

    #[test]
    fn a_grant_that_is_missing_or_empty_means_nothing() {
        assert_eq!(parsed("").plugins.len(), 0);
        assert_eq!(parsed("[plugins.http]").plugins["http"].grants.iter().count(), 0);
        assert_eq!(
            parsed("[plugins.http]\nallow = []").plugins["http"]
                .grants
                .iter()
                .count(),
            0
        );
        check_error(
            "[plugins.http]\nallow = [\"net=\"]",
            "`begat.toml` line 2: `net=` names nothing, and so would grant nothing",
            None,
        );
    }

    #[test]
    fn a_word_that_is_not_known_is_refused_with_the_one_that_was_meant() {
        check_error(
            "[plugins.http]\nalow = []",
            "`begat.toml` line 2: unknown field `alow`, expected one of `allow`, `limits`, `digest`, `signed_by`",
            Some("did you mean `allow`?"),
        );
        check_error(
            "[plugin.http]",
            "`begat.toml` line 1: unknown field `plugin`, expected one of `limits`, `plugins`, `flow`, `secrets`, `tools`, `openlineage`, `signatures`, `net`",
            Some("did you mean `plugins`?"),
        );
    }

    #[test]
    fn what_would_be_unsafe_is_refused() {
        check_error(
            "[tools.git]\npath = \"git\"",
            "`begat.toml`: `tools.git`: `path` must be absolute, without `..`; `git` is not: a program is never looked up",
            None,
        );
        check_error(
            "[tools.git]\npath = \"/usr/bin/git\"\nvariables = [\"GIT_SSH_COMMAND\"]",
            "`begat.toml`: `tools.git`: `variables`: with `GIT_SSH_COMMAND` a plugin could make the program run anything; \
             set it in `environment`",
            None,
        );
        check_error(
            "[secrets.X]\ncommand = [\"pass\"]",
            "`begat.toml`: `secrets.X`: `pass` is no absolute path; a program is never looked up",
            None,
        );
        check_error(
            "[secrets.X]\nenv = \"A\"\nfile = \"b\"",
            "`begat.toml`: `secrets.X`: give exactly one of `env`, `file` and `command`",
            None,
        );
        check_error(
            "[flow]\nallow = [\"net=x.org\"]",
            "`begat.toml`: `flow.allow`: expressions can use `env` and `secret`, and nothing else such as `net=x.org`",
            None,
        );
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
        check_line(
            "[openlineage]\nurl = \"http://a\"\nfile = \"b\"\n",
            "`begat.toml`: `openlineage`: give either `url` or `file`",
        );
        check_line(
            "[openlineage]\n",
            "`begat.toml`: `openlineage`: give either `url` or `file`",
        );
        check_line(
            "[openlineage]\nurl = \"ftp://a\"\n",
            "`begat.toml`: `openlineage`: `url` must begin with `http://` or `https://`, and is `ftp://a`",
        );
        check_line(
            "[openlineage]\nfile = \"a\"\nnamespace = \"Prod/eu\"\n",
            "`begat.toml`: `openlineage`: `namespace` must be like `begat://prod`: lower case and without a path",
        );
        check_line(
            "[openlineage]\nfile = \"a\"\ntimeout = 0\n",
            "`begat.toml`: `openlineage`: `timeout` must be a number of seconds above 0 and at most 600",
        );
        check_line(
            "\n[openlineage]\nfiel = \"a\"\n",
            "`begat.toml` line 3: unknown field `fiel`, expected one of `url`, `file`, `namespace`, `token_env`, `timeout`",
        );
    }
}

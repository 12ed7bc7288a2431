//! Functions that ask the surroundings: the environment, secrets, the key-value store, files and logs.

use super::{Function, function};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::limits;
use crate::expr::signature::{Given, Parameter, optional, required};
use crate::expr::value::Value;
use crate::model::{Json, Namespace};

const PATH: &[Parameter] = &[required("path")];

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "env",
        &[required("name"), optional("default")],
        "the environment variable of that name, or something else where it is not set or empty",
        environment,
    ),
    function(
        "secret",
        &[required("key"), optional("namespace"), optional("subkey")],
        "the secret of that key, or one field of a secret that is JSON",
        secret,
    ),
    function(
        "kv",
        &[required("key"), optional("namespace"), optional("errorOnMissing")],
        "the value under that key of the key-value store",
        key_value,
    ),
    function("read", PATH, "the text of one of the execution's own files", read),
    function("fileExists", PATH, "whether the execution has such a file", |g, h| {
        size(g, h).map(|size| Value::from(size.is_some()))
    }),
    function("fileSize", PATH, "the size of a file in bytes", |g, h| {
        existing_size(g, h).map(|size| Value::from(i64::try_from(size).unwrap_or(i64::MAX)))
    }),
    function("isFileEmpty", PATH, "whether there is nothing in a file", |g, h| {
        existing_size(g, h).map(|size| Value::from(size == 0))
    }),
    function(
        "errorLogs",
        &[],
        "what the execution has logged as errors so far",
        |_, h| Ok(Value::list(h.scope.surroundings().error_logs()?)),
    ),
];

fn missing(message: String) -> Problem {
    Problem {
        code: "not-found",
        message,
        hint: None,
    }
}

/// The namespace that is asked for, or the flow's own.
fn namespace<'g>(given: &'g Given, host: &'g Host<'_>) -> Result<Option<&'g str>, Problem> {
    let own = || host.scope.namespace().map(Namespace::as_str);
    given.text(1).map(|named| named.or_else(own))
}

fn within(namespace: Option<&str>) -> String {
    namespace.map_or_else(String::new, |namespace| format!(" in the namespace `{namespace}`"))
}

fn environment(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let found = host.scope.surroundings().environment(given.need_text(0)?)?;
    match found.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Value::from(text)),
        None => Ok(given.get(1).cloned().unwrap_or(Value::Null)),
    }
}

fn secret(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let (key, namespace) = (given.need_text(0)?, namespace(given, host)?);
    let secret = host.scope.surroundings().secret(key, namespace)?;
    let secret = secret.ok_or_else(|| missing(format!("there is no secret `{key}`{}", within(namespace))))?;
    let Some(subkey) = given.text(2)?.filter(|subkey| !subkey.is_empty()) else {
        return Ok(Value::from(secret));
    };
    // The messages show neither the secret nor where in it the fault is.
    let json: Json = serde_json::from_str(&secret)
        .map_err(|_| Problem::wrong_type(format!("the secret `{key}` is no JSON, so it has no subkey `{subkey}`")))?;
    let field = json.get(subkey).map(Value::from);
    let field = field.ok_or_else(|| missing(format!("the secret `{key}` has no subkey `{subkey}`")))?;
    Ok(Value::from(field.to_string()))
}

fn key_value(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let (key, namespace) = (given.need_text(0)?, namespace(given, host)?);
    let error_on_missing = given.get(2).is_none() || given.flag(2)?;
    match host.scope.surroundings().key_value(key, namespace)? {
        Some(value) => Ok(value),
        None if error_on_missing => {
            let problem = missing(format!("the key `{key}` does not exist{}", within(namespace)));
            Err(problem.with_hint("with `errorOnMissing=false` it is null"))
        }
        None => Ok(Value::Null),
    }
}

fn size(given: &Given, host: &Host<'_>) -> Result<Option<u64>, Problem> {
    match given.need_text(0)? {
        "" => Err(given.wrong(0, "is empty")),
        path => Ok(host.scope.surroundings().file_size(path)?),
    }
}

fn existing_size(given: &Given, host: &Host<'_>) -> Result<u64, Problem> {
    let size = size(given, host)?;
    let path = given.need_text(0)?;
    size.ok_or_else(|| missing(format!("the file `{path}` does not exist")))
}

fn read(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let size = existing_size(given, host)?;
    let path = given.need_text(0)?;
    let too_large = || {
        let most = limits::OUTPUT;
        Problem::limit(format!("the file `{path}` has more than {most} bytes"))
    };
    if size > limits::OUTPUT as u64 {
        return Err(too_large());
    }
    let content = host.scope.surroundings().file(path)?;
    if content.len() > limits::OUTPUT {
        return Err(too_large());
    }
    host.budget.spend_on(content.len())?;
    String::from_utf8(content)
        .map(Value::from)
        .map_err(|_| Problem::wrong_type(format!("the file `{path}` is not UTF-8 text")))
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error, check_error_with, check_hint, check_with, with_world};

    #[test]
    fn nothing_is_granted_to_a_scope_without_surroundings() {
        let error = |source: &str, message: &str| check_error(source, "not-granted", message);
        error("{{ env('HOME') }}", "the environment variable `HOME` is not granted");
        error(
            "{{ env('HOME', 'x') }}",
            "the environment variable `HOME` is not granted",
        );
        error("{{ secret('TOKEN') }}", "the secret `TOKEN` is not granted");
        error("{{ read('a.txt') }}", "the file `a.txt` is not granted");
        error("{{ fileExists('a.txt') }}", "the file `a.txt` is not granted");
        error("{{ fileSize('a.txt') }}", "the file `a.txt` is not granted");
        error("{{ isFileEmpty('a.txt') }}", "the file `a.txt` is not granted");
        check_error("{{ kv('k') }}", "surroundings", "there is no key-value store here");
        check_error(
            "{{ kv('k', errorOnMissing=false) }}",
            "surroundings",
            "there is no key-value store here",
        );
        check_error("{{ errorLogs() }}", "surroundings", "there are no logs here");
        check_hint(
            "{{ secret('TOKEN') }}",
            "nothing is granted by default; grant it with `--allow secret=TOKEN`",
        );
        check_hint(
            "{{ read('/etc/passwd') }}",
            "expressions see only the files of their own execution",
        );
        check("{{ true ? 1 : env('HOME') }}", "1");
    }

    #[test]
    fn a_refusal_is_no_absence() {
        check_error(
            "{{ env('HOME') ?? 'x' }}",
            "not-granted",
            "the environment variable `HOME` is not granted",
        );
        check_error(
            "{{ secret('T') | default('x') }}",
            "not-granted",
            "the secret `T` is not granted",
        );
    }

    #[test]
    fn the_environment_is_read_by_name() {
        with_world(|scope| {
            check_with(
                scope,
                "{{ env('api_host') }} {{ env('api' ~ '_host') }}",
                "example.org example.org",
            );
            check_with(
                scope,
                "{{ env('unset') is null }} {{ env('unset', 'd') }} {{ env('blank', default='d') }} {{ env('unset', 5) + 1 }}",
                "true d d 6",
            );
            check_error_with(
                scope,
                "{{ env('HOME') }}",
                "not-granted",
                "the environment variable `HOME` is not granted",
            );
            let message = "the argument `name` of the function `env` must be a string, not a number";
            check_error_with(scope, "{{ env(1) }}", "expression-argument", message);
        });
        check_error(
            "{{ env() }}",
            "missing-argument",
            "the function `env` needs the argument `name`",
        );
    }

    #[test]
    fn secrets_have_namespaces_and_fields() {
        with_world(|scope| {
            check_with(scope, "{{ secret('TOKEN') }}", "company:t0ken");
            check_with(scope, "{{ secret('TOKEN', namespace='other') }}", "other:t0ken");
            check_with(scope, "{{ secret('TOKEN', 'other') }}", "other:t0ken");
            check_with(
                scope,
                "{{ secret('DB', subkey='password') }} {{ secret('DB', subkey='port') }} {{ secret('DB', subkey='tags') }}",
                r#"pass word 5432 ["a"]"#,
            );
            let error = |source: &str, code: &str, message: &str| check_error_with(scope, source, code, message);
            error(
                "{{ secret('NONE') }}",
                "not-found",
                "there is no secret `NONE` in the namespace `company`",
            );
            error(
                "{{ secret('DB', subkey='user') }}",
                "not-found",
                "the secret `DB` has no subkey `user`",
            );
            error(
                "{{ secret('TOKEN', subkey='user') }}",
                "expression-type",
                "the secret `TOKEN` is no JSON, so it has no subkey `user`",
            );
        });
    }

    #[test]
    fn the_key_value_store_keeps_types() {
        with_world(|scope| {
            check_with(
                scope,
                "{{ kv('my-key') }} {{ kv('my-key').field }}",
                r#"{"field":"value"} value"#,
            );
            check_with(
                scope,
                "{{ kv('where', namespace='other') }} {{ kv('where') }}",
                "other company",
            );
            check_with(
                scope,
                "{{ kv('none', errorOnMissing=false) }}|{{ kv('none', 'other', false) is null }}",
                "|true",
            );
            check_with(scope, "{{ kv('none', errorOnMissing=false) ?? 'd' }}", "d");
            let message = "the key `none` does not exist in the namespace `company`";
            check_error_with(scope, "{{ kv('none') }}", "not-found", message);
            check_error_with(scope, "{{ kv('none', errorOnMissing=true) }}", "not-found", message);
        });
    }

    #[test]
    fn files_are_read_and_measured() {
        with_world(|scope| {
            check_with(
                scope,
                "{{ read('greeting.txt') }} {{ fileSize('greeting.txt') }} {{ isFileEmpty('greeting.txt') }}",
                "Héllo 6 false",
            );
            check_with(
                scope,
                "{{ fileExists('greeting.txt') }} {{ fileExists('none') }} {{ isFileEmpty('empty') }} {{ read('empty') }}|",
                "true false true |",
            );
            let error = |source: &str, code: &str, message: &str| check_error_with(scope, source, code, message);
            error("{{ read('none') }}", "not-found", "the file `none` does not exist");
            error("{{ fileSize('none') }}", "not-found", "the file `none` does not exist");
            error(
                "{{ isFileEmpty('none') }}",
                "not-found",
                "the file `none` does not exist",
            );
            error(
                "{{ read('binary') }}",
                "expression-type",
                "the file `binary` is not UTF-8 text",
            );
            error(
                "{{ read('huge') }}",
                "expression-limit",
                "the file `huge` has more than 16777216 bytes",
            );
            error("{{ read('broken') }}", "surroundings", "the disk is on fire");
        });
    }

    #[test]
    fn error_logs_are_a_list() {
        with_world(|scope| {
            check_with(
                scope,
                "{% for log in errorLogs() %}{{ log.level }}: {{ log.message }};{% endfor %}",
                "ERROR: first;ERROR: second;",
            );
        });
    }
}

//! Filters on text.

use unicode_normalization::UnicodeNormalization;

use super::{Filter, filter};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::signature::{Given, optional, required};
use crate::expr::value::Value;

pub(super) static FILTERS: &[Filter] = &[
    filter("lower", &[], |value, given, _| mapped(&value, given, str::to_lowercase)),
    filter("upper", &[], |value, given, _| mapped(&value, given, str::to_uppercase)),
    filter("trim", &[], |value, given, _| {
        mapped(&value, given, |text| text.trim().to_owned())
    }),
    filter("slugify", &[], |value, given, _| mapped(&value, given, slugify)),
    filter("capitalize", &[], |value, given, _| mapped(&value, given, capitalize)),
    filter("string", &[], |value, _, _| Ok(Value::from(value.to_string()))),
    filter("toJson", &[], |value, _, _| Ok(Value::from(value.to_json_text()))),
    filter("split", &[required("delimiter"), optional("limit")], split),
    filter("startsWith", &[required("value")], |value, given, _| {
        holds(&value, given, |text, part| text.starts_with(part))
    }),
    filter("endsWith", &[required("value")], |value, given, _| {
        holds(&value, given, |text, part| text.ends_with(part))
    }),
];

fn mapped(value: &Value, given: &Given, change: impl Fn(&str) -> String) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::String(text) => Ok(Value::from(change(text))),
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => Ok(Value::from(change(&value.to_string()))),
        other => Err(given.wrong_input("text", other)),
    }
}

fn holds(value: &Value, given: &Given, test: fn(&str, &str) -> bool) -> Result<Value, Problem> {
    match value {
        Value::Null => Ok(Value::Boolean(false)),
        Value::String(text) => Ok(Value::Boolean(test(text, given.need_text(0)?))),
        other => Err(given.wrong_input("text", other)),
    }
}

/// Makes a text fit for a name: white space becomes `-`, accents and all outside `[A-Za-z0-9_-]` vanish, `_` becomes
/// `-`, runs of `-` collapse, the ends are trimmed, and what is left is lower case.
fn slugify(text: &str) -> String {
    let dashed: String = text.chars().map(|c| if c.is_whitespace() { '-' } else { c }).collect();
    let mut slug = String::with_capacity(text.len());
    for c in dashed
        .nfd()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    {
        match c {
            '_' | '-' if slug.ends_with('-') => {}
            '_' | '-' => slug.push('-'),
            c => slug.push(c.to_ascii_lowercase()),
        }
    }
    slug.trim_matches('-').to_owned()
}

fn capitalize(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn split(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let Value::String(text) = &value else {
        return if value.is_null() {
            Ok(value)
        } else {
            Err(given.wrong_input("text", &value))
        };
    };
    let delimiter = given.need_text(0)?;
    let parts: Vec<Value> = match given.integer(1)? {
        Some(limit) if limit > 0 => text
            .splitn(usize::try_from(limit).unwrap_or(usize::MAX), delimiter)
            .map(Value::from)
            .collect(),
        Some(_) => return Err(given.wrong(1, "must be above 0")),
        None => text.split(delimiter).map(Value::from).collect(),
    };
    Ok(Value::list(parts))
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error, check_typed};
    use serde_json::json;

    #[test]
    fn slugify_keeps_the_documented_order() {
        check("{{ 'windows-web-01' | slugify }}", "windows-web-01");
        check("{{ 'Web 02' | slugify }}", "web-02");
        check(
            "{{ ('LIC-WIN-2022-' ~ execution.id) | slugify }}",
            "lic-win-2022-01k3abc",
        );
        check("{{ 'admin_user' | slugify }}", "admin-user");
        check("{{ '35.202.10.100' | slugify }}", "3520210100");
        check("{{ 'Été  à la_plage!' | slugify }}", "ete-a-la-plage");
        check("{{ '\ttest*\n\ntest ' | slugify }}", "test-test");
        check_typed("{{ nothing | slugify }}", json!(null));
        check_error(
            "{{ list | slugify }}",
            "the filter `slugify` works on text, not on a list",
        );
    }

    #[test]
    fn case_and_space() {
        check(
            "{{ 'aB' | upper }}{{ 'aB' | lower }}{{ ' x ' | trim }}{{ 'word' | capitalize }}",
            "ABabxWord",
        );
    }

    #[test]
    fn text_is_taken_apart_and_looked_at() {
        check_typed("{{ 'a,b,c' | split(',') }}", json!(["a", "b", "c"]));
        check_typed("{{ 'a,b,c' | split(',', 2) }}", json!(["a", "b,c"]));
        check_typed("{{ 'abc' | startsWith('ab') }}", json!(true));
        check_typed("{{ 'abc' | endsWith('ab') }}", json!(false));
        check_typed("{{ 7 | string }}", json!("7"));
        check("{{ map | toJson }}", r#"{"b":1,"a":[true,null],"c-d":"x"}"#);
    }
}

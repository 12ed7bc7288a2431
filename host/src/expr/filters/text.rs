//! Filters on text.

use unicode_normalization::UnicodeNormalization;

use super::printf::format_text;
use super::{Filter, checked, filter, on_every_text, on_text};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::limits;
use crate::expr::signature::{Given, Parameter, optional, required};
use crate::expr::value::Value;

const SEPARATOR: &[Parameter] = &[required("separator")];
/// A single quote within single quotes in a shell: they end, and begin again after it.
const SHELL_QUOTE: &str = "'\\''";
const INDENT: &[Parameter] = &[required("amount"), optional("prefix")];

pub(super) static FILTERS: &[Filter] = &[
    filter("upper", &[], "all letters large", |v, g, _| {
        on_text(&v, g, |text| Ok(text.to_uppercase().into()))
    }),
    filter("lower", &[], "all letters small", |v, g, _| {
        on_text(&v, g, |text| Ok(text.to_lowercase().into()))
    }),
    filter("capitalize", &[], "the first letter large", |v, g, _| {
        on_text(&v, g, |text| Ok(capitalize(text).into()))
    }),
    filter("title", &[], "the first letter of each word large", |v, g, _| {
        on_text(&v, g, |text| Ok(title(text).into()))
    }),
    filter("trim", &[], "no white space at the start and the end", |v, g, _| {
        on_text(&v, g, |text| Ok(text.trim().into()))
    }),
    filter(
        "abbreviate",
        &[required("length")],
        "at most so many characters, the last three of them dots",
        abbreviate,
    ),
    filter("slugify", &[], "small letters, digits and single hyphens", |v, g, _| {
        on_text(&v, g, |text| Ok(slugify(text).into()))
    }),
    filter("nl2br", &[], "line ends become `<br />`", |v, g, _| {
        on_text(&v, g, |text| Ok(line_breaks(text).into()))
    }),
    filter("string", &[], "the value as text, lists and maps as JSON", |v, _, _| {
        Ok(if v.is_null() { v } else { v.to_string().into() })
    }),
    filter(
        "substringBefore",
        SEPARATOR,
        "what stands before the first separator",
        |v, g, _| {
            substring(&v, g, |text, separator| {
                Some(text.find(separator).map_or(text, |at| &text[..at]))
            })
        },
    ),
    filter(
        "substringBeforeLast",
        SEPARATOR,
        "what stands before the last separator",
        |v, g, _| {
            substring(&v, g, |text, separator| match separator {
                "" => Some(text),
                _ => Some(text.rfind(separator).map_or(text, |at| &text[..at])),
            })
        },
    ),
    filter(
        "substringAfter",
        SEPARATOR,
        "what stands after the first separator",
        |v, g, _| {
            substring(&v, g, |text, separator| {
                text.split_once(separator).map(|(_, after)| after)
            })
        },
    ),
    filter(
        "substringAfterLast",
        SEPARATOR,
        "what stands after the last separator",
        |v, g, _| {
            substring(&v, g, |text, separator| match separator {
                "" => None,
                _ => text.rsplit_once(separator).map(|(_, after)| after),
            })
        },
    ),
    filter(
        "startsWith",
        &[required("value")],
        "whether the text starts so",
        |v, g, _| {
            let start = g.need_text(0)?;
            on_text(&v, g, |text| Ok(text.starts_with(start).into()))
        },
    ),
    filter(
        "endsWith",
        &[required("value")],
        "whether the text ends so",
        |v, g, _| {
            let end = g.need_text(0)?;
            on_text(&v, g, |text| Ok(text.ends_with(end).into()))
        },
    ),
    filter("indent", INDENT, "every line but the first moved in", |v, g, _| {
        indent(&v, g, false)
    }),
    filter("nindent", INDENT, "a line end, then every line moved in", |v, g, _| {
        indent(&v, g, true)
    }),
    checked(
        filter(
            "escapeChar",
            &[required("type")],
            "quotes made safe: `single`, `double` or `shell`",
            escape,
        ),
        |literal| match literal(0).and_then(Value::as_str) {
            Some(kind) => quote_escape(kind).map(|_| ()).map_err(|problem| (0, problem)),
            None => Ok(()),
        },
    ),
    filter("sh", &[], "safe between single quotes in a shell", |v, _, _| {
        on_every_text(v, &|text| Ok(text.replace('\'', SHELL_QUOTE)))
    }),
    Filter {
        open: true,
        ..filter(
            "format",
            &[],
            "the arguments put in the places of `%s`, `%d` and their kind",
            format_text,
        )
    },
    filter(
        "className",
        &[],
        "the name of the Java class that Kestra has for such a value",
        |v, _, _| Ok(class_name(&v).into()),
    ),
];

fn capitalize(text: &str) -> String {
    let space = text.len() - text.trim_start().len();
    let mut characters = text[space..].chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    text[..space].chars().chain(first).chain(characters).collect()
}

fn title(text: &str) -> String {
    let mut at_start = true;
    let mut titled = String::with_capacity(text.len());
    for c in text.chars() {
        if at_start && !c.is_whitespace() {
            titled.extend(c.to_uppercase());
            at_start = false;
        } else {
            titled.push(c);
            at_start |= c.is_whitespace();
        }
    }
    titled
}

fn abbreviate(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let most = given.need_count(0)?;
    on_text(&value, given, |text| {
        let length = text.chars().count();
        let taken = |count: usize| text.chars().take(count).collect::<String>();
        Ok(match most {
            _ if length < most || length <= 3 => text.into(),
            0..=3 => taken(most).into(),
            _ => (taken(most - 3) + "...").into(),
        })
    })
}

/// Kestra's steps in Kestra's order: white space to hyphens; decomposed; everything but ASCII letters, digits, `_` and
/// `-` dropped; `_` to hyphens; hyphens collapsed and trimmed; small letters.
fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    let spaced = text.chars().map(|c| if c.is_whitespace() { '-' } else { c });
    for c in spaced
        .nfd()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    if slug.ends_with('-') {
        slug.pop();
    }
    slug
}

fn line_breaks(text: &str) -> String {
    text.replace("\r\n", "<br />").replace(['\n', '\r'], "<br />")
}

fn substring(
    value: &Value,
    given: &Given,
    part: impl for<'t> FnOnce(&'t str, &str) -> Option<&'t str>,
) -> Result<Value, Problem> {
    let separator = given.need_text(0)?;
    on_text(value, given, |text| {
        Ok(part(text, separator).unwrap_or_default().into())
    })
}

fn indent(value: &Value, given: &Given, new_line: bool) -> Result<Value, Problem> {
    let amount = given.need_count(0)?;
    let prefix = given.text(1)?.unwrap_or(" ");
    on_text(value, given, |text| {
        if text.is_empty() {
            return Ok(Value::from(text));
        }
        let line_end = ["\r\n", "\n", "\r"]
            .into_iter()
            .find(|end| text.contains(end))
            .unwrap_or("\n");
        let lines = text.matches(line_end).count() + 1;
        let added = amount
            .checked_mul(prefix.len())
            .and_then(|width| width.checked_mul(lines));
        if added.is_none_or(|added| added > limits::OUTPUT) {
            return Err(Problem::limit(format!(
                "the text grows beyond {} bytes",
                limits::OUTPUT
            )));
        }
        let start = line_end.to_owned() + &prefix.repeat(amount);
        let indented = text.replace(line_end, &start);
        Ok(Value::from(if new_line { start + &indented } else { indented }))
    })
}

fn quote_escape(kind: &str) -> Result<(char, &'static str), Problem> {
    match kind.to_ascii_lowercase().as_str() {
        "single" => Ok(('\'', "\\'")),
        "double" => Ok(('"', "\\\"")),
        "shell" => Ok(('\'', SHELL_QUOTE)),
        _ => {
            let message = "the argument `type` of the filter `escapeChar` must be `single`, `double` or `shell`";
            Err(Problem::wrong_argument(message))
        }
    }
}

fn escape(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let (quote, escaped) = quote_escape(given.need_text(0)?)?;
    on_every_text(value, &|text| Ok(text.replace(quote, escaped)))
}

fn class_name(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(_) => "java.lang.Boolean",
        Value::Integer(_) => "java.lang.Long",
        Value::Float(_) => "java.lang.Double",
        Value::String(_) => "java.lang.String",
        Value::List(_) => "java.util.ArrayList",
        Value::Map(_) => "java.util.LinkedHashMap",
        Value::Instant(_) => "java.time.Instant",
        Value::Zoned(_) => "java.time.ZonedDateTime",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn letters_change_size() {
        check("{{ 'straße é' | upper }} {{ 'ÀB' | lower }}", "STRASSE É àb");
        check(
            "{{ 'ab cd' | capitalize }}{{ ' \nab' | capitalize }} {{ '' | capitalize }}{{ 'ab\tcd  ef' | title }}",
            "Ab cd \nAb Ab\tCd  Ef",
        );
        check("{{ 12 | upper }} {{ true | upper }}", "12 TRUE");
        check_typed("{{ nothing | upper }}", json!(null));
        check_error(
            "{{ [1] | upper }}",
            "expression-type",
            "the filter `upper` works on a string, not on a list",
        );
    }

    #[test]
    fn slugs_are_kestras() {
        let check_slug = |text: &str, slug: &str| check(&format!("{{{{ '{text}' | slugify }}}}"), slug);
        check_slug("windows-web-01", "windows-web-01");
        check_slug("LIC-WIN-2022-01KC3Z", "lic-win-2022-01kc3z");
        check_slug("admin_user-01", "admin-user-01");
        check_slug("35.202.10.100", "3520210100");
        check_slug("\ttest*\n\ntest*", "test-test");
        check_slug("  Crème  Brûlée_ : 2 ", "creme-brulee-2");
        check_slug("--a--b--", "a-b");
        check_slug("日本", "");
        check_typed("{{ nothing | slugify }}", json!(null));
    }

    #[test]
    fn texts_are_cut() {
        check(
            "{{ 'abcdefgh' | abbreviate(6) }} {{ 'abc' | abbreviate(1) }} {{ 'abcdef' | abbreviate(3) }}",
            "abc... abc abc",
        );
        check(
            "{{ 'abcd' | abbreviate(9) }} {{ 'éèêëē' | abbreviate(4) }}",
            "abcd é...",
        );
        check("[{{ ' \t a b\n' | trim }}]", "[a b]");
        check(
            "{{ 'a.b.c' | substringBefore('.') }} {{ 'a.b.c' | substringBeforeLast('.') }}",
            "a a.b",
        );
        check(
            "{{ 'a.b.c' | substringAfter('.') }} {{ 'a.b.c' | substringAfterLast('.') }}",
            "b.c c",
        );
        check(
            "{{ 'abc' | substringBefore('x') }}|{{ 'abc' | substringAfter('x') }}|",
            "abc||",
        );
        check(
            "{{ 'abc' | substringBeforeLast('') }}|{{ 'abc' | substringAfterLast('') }}|",
            "abc||",
        );
        check(
            "{{ 'abc' | startsWith('ab') }} {{ 'abc' | endsWith(value='ab') }}",
            "true false",
        );
        let message = "the argument `length` of the filter `abbreviate` cannot be negative, and is -1";
        check_error("{{ 'a' | abbreviate(-1) }}", "expression-argument", message);
    }

    #[test]
    fn lines_are_moved_in() {
        check(
            "{{ 'a\nb' | indent(2) }}|{{ 'a\nb' | nindent(1, '--') }}|{{ '' | nindent(4) }}",
            "a\n  b|\n--a\n--b|",
        );
        check("{{ 'a\r\nb' | nl2br }}", "a<br />b");
        check_error(
            "{{ 'a' | nindent(99999999999) }}",
            "expression-limit",
            "the text grows beyond 16777216 bytes",
        );
    }

    #[test]
    fn quotes_are_escaped_wherever_they_are() {
        check(
            r#"{{ "it's" | escapeChar('single') }} {{ 'a"b' | escapeChar('double') }}"#,
            r#"it\'s a\"b"#,
        );
        check(
            r#"{{ "it's" | escapeChar('SHELL') }} {{ "foo' bar'baz" | sh }}"#,
            r#"it'\''s foo'\'' bar'\''baz"#,
        );
        check_typed(
            r#"{{ {'k': ["a'b", 1]} | escapeChar('single') }}"#,
            json!({"k": ["a\\'b", "1"]}),
        );
        let message = "the argument `type` of the filter `escapeChar` must be `single`, `double` or `shell`";
        check_error("{{ 'a' | escapeChar('other') }}", "expression-argument", message);
    }

    #[test]
    fn values_become_text() {
        check_typed("{{ [1, {'a': 2}] | string }}", json!("[1,{\"a\":2}]"));
        check_typed("{{ 1.50 | string }}", json!("1.5"));
        check(
            "{{ 1 | className }} {{ 'a' | className }}",
            "java.lang.Long java.lang.String",
        );
    }
}

//! Functions that read text as something more: JSON, YAML, or a template.

use super::{Function, function};
use crate::expr::error::{ExprError, Problem};
use crate::expr::evaluate::{Evaluator, Host};
use crate::expr::signature::{Given, optional, required};
use crate::expr::template::Template;
use crate::expr::value::Value;
use crate::expr::yaml;
use crate::model::Json;

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "fromJson",
        &[required("json")],
        "the value that a JSON text stands for",
        from_json,
    ),
    function(
        "json",
        &[required("json")],
        "the value that a JSON text stands for; Kestra's older name of `fromJson`",
        from_json,
    ),
    function(
        "yaml",
        &[required("yaml")],
        "the value that a YAML text stands for",
        from_yaml,
    ),
    function(
        "render",
        &[required("template"), optional("recursive")],
        "the text as a template, again and again until nothing changes",
        render,
    ),
    function(
        "renderOnce",
        &[required("template")],
        "the text as a template, once",
        |given, host| rendered(given, host, render_once),
    ),
];

/// How often `render` renders what it rendered.
const ROUNDS: usize = 20;

fn from_json(given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let Some(text) = given.text(0)? else {
        return Ok(Value::Null);
    };
    let json: Json = serde_json::from_str(text).map_err(|error| {
        let (_, name) = given.callee;
        Problem::wrong_type(format!("`{name}` was given no JSON: {error}"))
    })?;
    Ok(Value::from(json))
}

fn from_yaml(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let Some(text) = given.text(0)? else {
        return Ok(Value::Null);
    };
    host.budget.spend_on(text.len())?;
    yaml::read(text).map_err(|why| Problem::wrong_type(format!("`yaml` was given no YAML: {why}")))
}

fn render(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let recursive = given.get(1).is_none() || given.flag(1)?;
    rendered(given, host, if recursive { render_until_stable } else { render_once })
}

/// Renders a text, or every text in a list or map; a map's names stay as they are.
fn rendered(
    given: &Given,
    host: &Host<'_>,
    render: fn(&str, &Host<'_>) -> Result<String, Problem>,
) -> Result<Value, Problem> {
    let value = given.need(0)?;
    match value {
        Value::String(_) | Value::List(_) | Value::Map(_) => every_text(value, &|text| render(text, host)),
        other => Err(given.wrong(0, format!("must be a string, a list or a map, not a {}", other.kind()))),
    }
}

fn every_text(value: &Value, render: &dyn Fn(&str) -> Result<String, Problem>) -> Result<Value, Problem> {
    match value {
        Value::String(text) => render(text).map(Value::from),
        Value::List(list) => list.items().iter().map(|item| every_text(item, render)).collect(),
        Value::Map(map) => {
            let entries = map.entries().iter();
            entries
                .map(|(key, value)| Ok((key.clone(), every_text(value, render)?)))
                .collect()
        }
        other => Ok(other.clone()),
    }
}

fn render_until_stable(text: &str, host: &Host<'_>) -> Result<String, Problem> {
    let mut rendered = render_once(text, host)?;
    for _ in 0..ROUNDS {
        let again = render_once(&rendered, host)?;
        if again == rendered {
            return Ok(rendered);
        }
        rendered = again;
    }
    Err(Problem::limit(format!(
        "`render` has not come to an end after {ROUNDS} rounds"
    )))
}

fn render_once(text: &str, host: &Host<'_>) -> Result<String, Problem> {
    let inner = |error: &ExprError| {
        let problem = Problem {
            code: error.code,
            message: error.message.clone(),
            hint: error.hint.clone(),
        };
        let shown: String = text.chars().take(40).collect();
        Problem {
            message: format!("in the template `{shown}`: {}", problem.message),
            ..problem
        }
    };
    host.budget.spend_on(text.len())?;
    let template = Template::parse(text).map_err(|errors| match errors.first() {
        Some(error) => inner(error),
        None => Problem::wrong_type("the template cannot be read"),
    })?;
    match template.literal() {
        Some(literal) => Ok(literal.to_owned()),
        None => {
            let evaluator = Evaluator::new(&template, host.scope, host.budget).with_locals(host.locals);
            evaluator.render().map_err(|error| inner(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_typed};

    #[test]
    fn json_is_read() {
        check_typed("{{ fromJson('{\"a\":[1,2.5,null]}') }}", json!({"a": [1, 2.5, null]}));
        check("{{ json('[1,2]')[1] }} {{ fromJson(nothing) }}|", "2 |");
        check_error(
            "{{ fromJson('{') }}",
            "expression-type",
            "`fromJson` was given no JSON: EOF while parsing an object at line 1 column 1",
        );
        check_error(
            "{{ fromJson(1) }}",
            "expression-argument",
            "the argument `json` of the function `fromJson` must be a string, not a number",
        );
    }

    #[test]
    fn yaml_is_read() {
        check("{{ yaml('foo: [666, 1, 2]').foo[0] }}", "666");
        check_typed(
            "{{ yaml('a: 1\nb: [x, true, null, 1.5, \"2\"]\n3: yes\nd: 2026-01-31') }}",
            json!({"a": 1, "b": ["x", true, null, 1.5, "2"], "3": "yes", "d": "2026-01-31"}),
        );
        check(
            "{{ yaml('plain') }} {{ yaml('') is null }} {{ yaml(nothing) is null }}",
            "plain true true",
        );
        check_error(
            "{{ yaml('a: [') }}",
            "expression-type",
            "`yaml` was given no YAML: did not find expected node content at line 2 column 1, while parsing a flow node",
        );
        check_error(
            "{{ yaml(1) }}",
            "expression-argument",
            "the argument `yaml` of the function `yaml` must be a string, not a number",
        );
    }

    #[test]
    fn texts_are_rendered_once_or_until_nothing_changes() {
        let inner = "{% set a = '{{ \\'{{ name }}\\' }}' %}";
        check(&format!("{inner}{{{{ render(a) }}}}"), "World");
        check(&format!("{inner}{{{{ render(a, recursive=false) }}}}"), "{{ name }}");
        check(&format!("{inner}{{{{ renderOnce(a) }}}}"), "{{ name }}");
        check("{% set x = 5 %}{{ render('{' ~ '{ x + 1 }' ~ '}') }}", "6");
        check_typed(
            "{{ render({'k': ['{{ name }}', 1, null], '{{ name }}': 'x'}) }}",
            json!({"k": ["World", 1, null], "{{ name }}": "x"}),
        );
        check("{{ renderOnce(['{{ 1 + 1 }}', 'a']) }}", r#"["2","a"]"#);
        check_error(
            "{{ render(1) }}",
            "expression-argument",
            "the argument `template` of the function `render` must be a string, a list or a map, not a number",
        );
    }

    #[test]
    fn faults_within_say_where_they_are() {
        check_error(
            "{{ render('{{ nope }}') }}",
            "undefined-variable",
            "in the template `{{ nope }}`: `nope` is not defined",
        );
        check_error(
            "{{ render('{{ 1 + }}') }}",
            "expression-syntax",
            "in the template `{{ 1 + }}`: expected a value, found `}}`",
        );
        check("{{ render('{{ nope }}') ?? 'd' }}", "d");
        let endless = crate::expr::Template::parse("{% set a = '{{ render(a) }}' %}{{ render(a) }}").unwrap();
        let error = endless.render(&crate::expr::testing::scope()).unwrap_err();
        assert_eq!(error.code, "expression-limit");
        assert!(
            error.message.ends_with("the evaluation is nested too deeply"),
            "{}",
            error.message
        );
    }
}

//! Functions that read text as something more: JSON, or a template.

use super::{Function, function};
use crate::expr::error::{ExprError, Problem};
use crate::expr::evaluate::{Evaluator, Host};
use crate::expr::signature::{Given, optional, required};
use crate::expr::template::Template;
use crate::expr::value::Value;
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
        "render",
        &[required("template"), optional("recursive")],
        "the text as a template, again and again until nothing changes",
        render,
    ),
    function(
        "renderOnce",
        &[required("template")],
        "the text as a template, once",
        |given, host| render_once(given.need_text(0)?, host).map(Value::from),
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

fn render(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let text = given.need_text(0)?;
    let recursive = given.get(1).is_none() || given.flag(1)?;
    let mut rendered = render_once(text, host)?;
    if !recursive {
        return Ok(Value::from(rendered));
    }
    for _ in 0..ROUNDS {
        let again = render_once(&rendered, host)?;
        if again == rendered {
            return Ok(Value::from(rendered));
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
    fn texts_are_rendered_once_or_until_nothing_changes() {
        let inner = "{% set a = '{{ \\'{{ name }}\\' }}' %}";
        check(&format!("{inner}{{{{ render(a) }}}}"), "World");
        check(&format!("{inner}{{{{ render(a, recursive=false) }}}}"), "{{ name }}");
        check(&format!("{inner}{{{{ renderOnce(a) }}}}"), "{{ name }}");
        check("{% set x = 5 %}{{ render('{' ~ '{ x + 1 }' ~ '}') }}", "6");
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

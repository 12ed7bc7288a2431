//! Hostile templates: none may panic, run without end, or use the stack or the memory up.

use proptest::prelude::*;

use super::testing::{check, check_error, scope};
use super::{Template, limits};

fn survives(source: &str) {
    if let Ok(template) = Template::parse(source) {
        template.references();
        let (_, _) = (template.render(&scope()).is_ok(), template.evaluate(&scope()).is_ok());
    }
}

#[test]
fn deep_nesting_is_refused_in_every_form() {
    let too_deep = format!("the template is nested more than {} levels deep", limits::NESTING);
    let nested =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(50_000), close.repeat(50_000));
    for source in [
        format!("{{{{ {} }}}}", nested("(", "1", ")")),
        format!("{{{{ {} }}}}", nested("[", "1", "]")),
        format!("{{{{ {} }}}}", nested("{'a':", "1", "}")),
        format!("{{{{ {} }}}}", nested("-", "1", "")),
        format!("{{{{ {} }}}}", nested("not ", "true", "")),
        format!("{{{{ {} }}}}", nested("true ? 1 : ", "1", "")),
        format!("{{{{ {} }}}}", nested("max(", "1", ")")),
        format!("{{{{ a{} }}}}", ".b".repeat(50_000)),
        format!("{{{{ a{} }}}}", "[0]".repeat(50_000)),
        format!("{{{{ a{} }}}}", " | upper".repeat(50_000)),
        format!("{{{{ 1{} }}}}", " + 1".repeat(50_000)),
        nested("{% if true %}", "x", "{% endif %}"),
        nested("{% for x in [1] %}", "x", "{% endfor %}"),
        nested("{% filter upper %}", "x", "{% endfilter %}"),
        format!("{{{{ {} }}}}", nested("\"#{", "1", "}\"")),
    ] {
        check_error(&source, "expression-limit", &too_deep);
    }
}

#[test]
fn the_deepest_nesting_allowed_can_be_evaluated() {
    let depth = limits::NESTING - 5;
    check(&format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth)), "1");
    check(&format!("{{{{ 0{} }}}}", " + 1".repeat(depth)), &depth.to_string());
    check(&format!("{{{{ ''{} }}}}", " ~ 1".repeat(5_000)), &"1".repeat(5_000));
    check(
        &format!("{}x{}", "{% if true %}".repeat(depth), "{% endif %}".repeat(depth)),
        "x",
    );
}

#[test]
fn doubling_is_stopped() {
    let doubled = |set: &str| {
        format!("{{% set x = 'x' %}}{{% for i in 1..64 %}}{{% set x = {set} %}}{{% endfor %}}{{{{ x | length }}}}")
    };
    check_error(
        &doubled("x ~ x"),
        "expression-limit",
        "the text grows beyond 16777216 bytes",
    );
    check_error(
        &doubled("x + x"),
        "expression-limit",
        "the text grows beyond 16777216 bytes",
    );
    check_error(
        &doubled("[x, x]"),
        "expression-limit",
        "the value grows beyond 33554432 bytes",
    );
    check_error(
        &doubled("{'a': x, 'b': x}"),
        "expression-limit",
        "the value grows beyond 33554432 bytes",
    );
    check_error(
        &doubled("x | replace({'x': 'xxx'})"),
        "expression-limit",
        "the text grows beyond 16777216 bytes",
    );
    check_error(
        &doubled("[x, x] | join"),
        "expression-limit",
        "the value grows beyond 33554432 bytes",
    );
    check_error(
        &doubled("(x | toJson) ~ (x | toJson)"),
        "expression-limit",
        "the text grows beyond 16777216 bytes",
    );
    let deepened = "{% set x = 1 %}{% for i in 1..1000 %}{% set x = [x] %}{% endfor %}";
    check_error(
        deepened,
        "expression-limit",
        "the value is nested more than 200 levels deep",
    );
    check_error(
        "{% macro m(t) %}{{ t }}{{ t }}{% endmacro %}{% set x = 'xxxxxxxx' %}{% for i in 1..64 %}{% set x = m(x) %}{% endfor %}",
        "expression-limit",
        "the text grows beyond 16777216 bytes",
    );
}

#[test]
fn loops_come_to_an_end() {
    let nested =
        "{% for a in 1..100000 %}{% for b in 1..100000 %}{% for c in 1..100000 %}{% endfor %}{% endfor %}{% endfor %}";
    check_error(nested, "expression-limit", "the template takes too long to evaluate");
    check_error(
        "{% for a in 1..100000 %}{{ 'x' | nindent(1000) }}{% endfor %}",
        "expression-limit",
        "the text grows beyond 16777216 bytes",
    );
    check_error(
        "{% set big = (1..100000) %}{% for a in 1..100000 %}{% if big == big %}{% endif %}{% endfor %}",
        "expression-limit",
        "the template takes too long to evaluate",
    );
}

#[test]
fn a_long_source_is_refused() {
    let source = "{{ 1 }}".repeat(1_000_000);
    check_error(&source, "expression-limit", "the template is longer than 4194304 bytes");
}

/// Pieces that templates are made of, to reach further into the parser than random characters do.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: &str = r##"{{ }} {% %} {# #} {{- -}} name list map inputs nope . [ ] ( ) { } , : ? ?? ??? | ~ + - * / %
        .. == < is not in and or contains 1 2.5 'a' "b#{ " ' #{ if elseif else endif for x endfor set = filter endfilter
        macro endmacro block endblock raw endraw first jq('.[]') join date range( default empty null true é \"##;
    let pieces: Vec<&str> = PIECES.split_whitespace().collect();
    proptest::collection::vec(proptest::sample::select(pieces), 0..40).prop_map(|pieces| pieces.join(" "))
}

fn expressions() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(
        &[
            "1",
            "-2",
            "0",
            "2.5",
            "'text'",
            "''",
            "null",
            "true",
            "name",
            "list",
            "map",
            "numbers",
            "nothing",
            "[]",
            "execution.startDate",
            "'2026-01-31'",
            "9223372036854775807",
        ][..],
    )
    .prop_map(str::to_owned);
    let filters: Vec<&'static str> = super::filters::all().map(|filter| filter.name).collect();
    let functions: Vec<&'static str> = super::functions::all().map(|function| function.name).collect();
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let operators = [
            "+", "-", "*", "/", "%", "~", "..", "??", "???", "==", "!=", "<", ">=", "and", "or", "contains", "in",
        ];
        prop_oneof![
            (
                inner.clone(),
                proptest::sample::select(operators.to_vec()),
                inner.clone()
            )
                .prop_map(|(a, o, b)| format!("({a} {o} {b})")),
            (inner.clone(), proptest::sample::select(filters.clone())).prop_map(|(a, f)| format!("({a} | {f})")),
            (inner.clone(), proptest::sample::select(filters.clone()), inner.clone())
                .prop_map(|(a, f, b)| format!("({a} | {f}({b}))")),
            (
                inner.clone(),
                proptest::sample::select(filters.clone()),
                inner.clone(),
                inner.clone()
            )
                .prop_map(|(a, f, b, c)| format!("({a} | {f}({b}, {c}))")),
            (
                proptest::sample::select(functions.clone()),
                inner.clone(),
                inner.clone()
            )
                .prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            (proptest::sample::select(functions.clone()), inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? [{b}] : {{'k': {c}}})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), ..ProptestConfig::default() })]

    #[test]
    fn no_text_causes_a_panic(source in "\\PC{0,60}") {
        survives(&source);
        survives(&format!("{{{{ {source} }}}}"));
        survives(&format!("{{% {source} %}}"));
    }

    #[test]
    fn no_mixture_of_pieces_causes_a_panic(source in pieces()) {
        survives(&source);
        survives(&format!("{{{{ {source} }}}}"));
    }

    #[test]
    fn no_expression_causes_a_panic(source in expressions()) {
        survives(&format!("{{{{ {source} }}}}"));
    }

    #[test]
    fn no_jq_filter_causes_a_panic(source in "[.\\[\\]{}()|,;:$a-c0-2 \"'?=+*/-]{0,30}") {
        if super::jq::check(&source).is_ok() {
            let input = super::Value::from(serde_json::json!([{"a": 1, "b": "x"}]));
            let _ = super::jq::run(&source, input, crate::model::Timestamp::UNIX_EPOCH);
        }
    }
}

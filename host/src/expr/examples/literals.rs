//! What is written out in a template: text, lists, maps, attributes, comments, white space and what is no template.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    ("", ""),
    ("plain", "plain"),
    ("{ a } }} %} #}", "{ a } }} %} #}"),
    ("{{ name }}{{name}}{{\nname\n}}", "WorldWorldWorld"),
    ("a{# comment {{ nope }} #}b{# #}c", "abc"),
    ("{#", "!expression-syntax the comment that `{#` opens is not closed"),
    (
        "echo ${#x}",
        "!expression-syntax the comment that `{#` opens is not closed",
    ),
    ("{{ name", "!expression-syntax `{{` is not closed by `}}`"),
    ("{{ }}", "!expression-syntax expected a value, found `}}`"),
    ("{{ true }} {{ FALSE }} {{ null }}|{{ none }}|", "true false ||"),
    (
        "{{ get missing }}",
        "!expression-syntax expected an operator or `}}`, found `missing`",
    ),
    // Text.
    ("{{ 'a' }} {{ \"b\" }} {{ '' }}|", "a b |"),
    (
        "{{ \"te'st\" }} {{ 'te\"st' }} {{ 'te\\'st' }} {{ \"te\\\"st\" }}",
        "te'st te\"st te'st te\"st",
    ),
    ("{{ \"te\\'st\" }}", "te\\'st"),
    (
        "{{ 'a\\\\b' }} {{ 'a\\nb' }} {{ 'test\ntest' }}",
        "a\\b a\\nb test\ntest",
    ),
    (
        "{{ \"#{name}!\" }} {{ \"#{1 + 1}#{'x' | upper}\" }} {{ '#{name}' }}",
        "World! 2X #{name}",
    ),
    ("{{ \"a #{\"b #{name}\"}\" }}", "a b World"),
    ("{{ 'test\" }}", "!expression-syntax the string is not closed"),
    ("{{ 'émoji 😀 \u{202e}' }}", "émoji 😀 \u{202e}"),
    // Lists and maps.
    (
        "{{ [] }} {{ {} }} {{ [1, 'a', null, true, 1.5] }}",
        "[] {} [1,\"a\",null,true,1.5]",
    ),
    (
        "{{ {'key':'value'} }} {{ {'key1' :  'value1'   ,    'key2'      :       'value2' } }}",
        r#"{"key":"value"} {"key1":"value1","key2":"value2"}"#,
    ),
    (
        "{{ {1:'one', 'two':2, name:'three', map['c-d']:4} }}",
        r#"{"1":"one","two":2,"World":"three","x":4}"#,
    ),
    (
        "{{ {'one' + 'plus':'x', 2 - 1:3, 'k': [0, {}]} }}",
        r#"{"oneplus":"x","1":3,"k":[0,{}]}"#,
    ),
    ("{{ {'a': 1, 'a': 2} }}", r#"{"a":2}"#),
    (
        "{{ {'quote\"': 'back\\\\slash'} }} {{ ['tab\tnew\nline'] }}",
        r#"{"quote\"":"back\\slash"} ["tab\tnew\nline"]"#,
    ),
    ("{{ {,} }}", "!expression-syntax expected a value, found `,`"),
    ("{{ {'key'} }}", "!expression-syntax expected `:`, found `}`"),
    ("{{ {'key':} }}", "!expression-syntax expected a value, found `}`"),
    ("{{ {:'value'} }}", "!expression-syntax expected a value, found `:`"),
    (
        "{{ {'key':'value',} }}",
        "!expression-syntax expected a value, found `}`",
    ),
    ("{{ [1,] }}", "!expression-syntax expected a value, found `]`"),
    ("{{ [1 2] }}", "!expression-syntax expected `,` or `]`, found `2`"),
    ("{{ {[1]: 2} }}", "!expression-type a list cannot be the key of a map"),
    (
        "{{ map }} {{ list }} // {{ [map] }}",
        r#"{"b":1,"a":[true,null],"c-d":"x"} [1,"two",null] // [{"b":1,"a":[true,null],"c-d":"x"}]"#,
    ),
    // Attributes.
    (
        "{{ map.b }} {{ map['b'] }} {{ map . b }} {{ map ['c-d'] }} {{ map.a[0] }}",
        "1 1 1 x true",
    ),
    (
        "{% set inner = 'b' %}{{ map[inner] }} {{ inputs['target' ~ '_vm'] }}",
        "1 vm-1",
    ),
    (
        "{{ (list | last) is null }} {{ ([{'id': 7}] | first).id }} {{ ({'a': {'b': 5}}).a.b }}",
        "true 7 5",
    ),
    (
        "{{ list[0] }} {{ list.1 }}",
        "!expression-syntax expected the name of an attribute, found `1`",
    ),
    ("{{ map[1] }}", "!undefined-attribute `map` has no `1`"),
    ("{{ map.B }}", "!undefined-attribute `map` has no `B`"),
    ("{{ list[3] }}", "!undefined-attribute the list has no element 3"),
    ("{{ list[-1] }}", "!undefined-attribute the list has no element -1"),
    ("{{ nothing.id }}", "!attribute-of-null `id` is read from null"),
    ("{{ name.length }}", "!undefined-attribute a string has no `length`"),
    (
        "{{ name.length() }}",
        "!expression-syntax values have no methods, so `length` cannot be called",
    ),
    ("{{ nope.a.b }}", "!undefined-variable `nope` is not defined"),
    ("{{ map[[1]] }}", "!expression-type a list cannot be a subscript"),
    (
        "{% set organization = 1 %}{% set notice = 2 %}{% set andy = 3 %}{% set istanbul = 4 %}{% set inn = 5 %}{{ organization }}{{ notice }}{{ andy }}{{ istanbul }}{{ inn }}",
        "12345",
    ),
    (
        "{{ {'or': 1, 'in': 2}.or }}",
        "!expression-syntax expected an operator or `}}`, found `.`",
    ),
    ("{{ ({'or': 1, 'in': 2}).or }} {{ ({'not': 3}).not }}", "1 3"),
    // Dates.
    (
        "{{ execution.startDate }} {{ [execution.startDate] }}",
        "2026-01-21T10:00:00Z [\"2026-01-21T10:00:00Z\"]",
    ),
    // White space.
    ("a {{- 'b' -}} c", "abc"),
    ("a\n  {{- 1 }} b", "a1 b"),
    ("a\n{# x -#}\nb", "a\nb"),
    ("a\n{%- if true %} b {% endif -%}\nc", "a b c"),
    ("{{ 1 -}}   {{- 2 }}", "12"),
    ("{{ 5 -3 }} {{ 5 - 3 }} {{-3}}", "2 2 -3"),
];

//! Tags.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    // if
    ("{% if false or name == 'x' %}yes{% else %}no{% endif %}", "no"),
    (
        "{% if true %}alpha{% elseif true %}beta{% else %}gamma{% endif %}",
        "alpha",
    ),
    (
        "{% if false %}alpha{% elseif true %}beta{% else %}gamma{% endif %}",
        "beta",
    ),
    ("{% if false %}alpha{% elseif false %}beta{% endif %}|", "|"),
    (
        "{% if 1 %}a{% endif %}{% if 0 %}b{% endif %}{% if 'x' %}c{% endif %}{% if '' %}d{% endif %}",
        "ac",
    ),
    ("{% if true %}{% if false %}a{% else %}b{% endif %}{% endif %}", "b"),
    ("{% if nope is defined and nope > 1 %}a{% else %}b{% endif %}", "b"),
    ("{% if nope %}a{% endif %}", "!undefined-variable `nope` is not defined"),
    (
        "{% if nothing %}a{% endif %}",
        "!expression-type null is neither true nor false",
    ),
    (
        "{% if list %}a{% endif %}",
        "!expression-type a list is neither true nor false",
    ),
    (
        "{% if true %}smth{ endif %}",
        "!expression-syntax `{% if %}` is not closed by `{% endif %}`",
    ),
    (
        "{% if %}a{% endif %}",
        "!expression-syntax expected a value, found `%}`",
    ),
    ("{% endif %}", "!expression-syntax `endif` closes no `if`"),
    // for
    (
        "{% for x in ['Alex', 'Bob', 'John'] %}{% if loop.first %}[{{ loop.length }}]{% endif %}{% if loop.last %}[{{ loop.length }}]{% endif %}{{ loop.index }}{{ loop.revindex }}{{ x }}{% endfor %}",
        "[3]02Alex11Bob[3]20John",
    ),
    (
        "{% for entry in {'One': 1, 'Two': 2, 'Three': 3} %}{{ entry.key }} {{ entry.value }};{% endfor %}",
        "One 1;Two 2;Three 3;",
    ),
    ("{% for i in 0..5 %}{{i}}{% endfor %}", "012345"),
    (
        "{% for i in 'a'..'c' %}{{i}}{{ loop.last ? '' : '-' }}{% endfor %}",
        "a-b-c",
    ),
    (
        "{% for i in 'a'..5 %}{{i}}{% endfor %}",
        "!expression-type a range goes between whole numbers or single characters, not from string to number",
    ),
    ("{% for x in nothing %}{{ loop.index }}{% endfor %}|", "|"),
    (
        "{% for x in [] %}a{% else %}yes{% endfor %}{% for x in {} %}a{% else %}{{ 'no name' }}{% endfor %}",
        "yesno name",
    ),
    (
        "{% for x in [1, 2] %}{% for y in ['a', 'b'] %}{{ x }}{{ y }}{{ loop.index }}{{ loop.first }} {% endfor %}{{ loop.index }}{{ loop.last }};{% endfor %}",
        "1a0true 1b1false 0false;2a0true 2b1false 1true;",
    ),
    (
        "{% for x in [[1, 2], [3]] %}{{ x | length }}{{ x[0] }} {% endfor %}",
        "21 13 ",
    ),
    ("{% for x in numbers | reverse %}{{ x }}{% endfor %}", "321"),
    ("{% for name in [1] %}{{ name }}{% endfor %}{{ name }}", "1World"),
    (
        "{% for x in [1, 2] %}{% if x == 1 %}{% set y = x %}{% endif %}{{ y ?? 'none' }}{% endfor %}",
        "1none",
    ),
    (
        "{% for x in [1] %}{% endfor %}{{ loop.index }}",
        "!undefined-variable `loop` is not defined",
    ),
    (
        "{% for x in name %}{% endfor %}",
        "!expression-type `for` goes through lists and maps, not through a string",
    ),
    (
        "{% for x in 5 %}{% endfor %}",
        "!expression-type `for` goes through lists and maps, not through a number",
    ),
    (
        "{% for x of list %}{% endfor %}",
        "!expression-syntax expected `in`, found `of`",
    ),
    (
        "{% for i in [1] %}{{i}}% endfor %}",
        "!expression-syntax `{% for %}` is not closed by `{% endfor %}`",
    ),
    // set
    ("{% set x = 1 %}{{ x }}{% set x = x + 1 %}{{ x }}", "12"),
    ("{% set map = {'key'+1:'value'+'1'} %}{{ map }}", r#"{"key1":"value1"}"#),
    ("{% set names = list | length %}{{ names }}", "3"),
    (
        "{% set sum = 0 %}{% for x in numbers %}{% set sum = sum + x %}{% endfor %}{{ sum }}",
        "6",
    ),
    ("{% set x = nope %}", "!undefined-variable `nope` is not defined"),
    ("{% set = 1 %}", "!expression-syntax expected a name, found `=`"),
    (
        "{% set true = 1 %}",
        "!expression-syntax `true` is a value and cannot be a name",
    ),
    // filter
    ("{% filter upper %}hello{% endfilter %}", "HELLO"),
    (
        "{% filter upper | replace({'L': '1'}) | trim %} hello {{ name }} {% endfilter %}",
        "HE11O WOR1D",
    ),
    (
        "{% filter nope %}a{% endfilter %}",
        "!unknown-filter unknown filter `nope`",
    ),
    // macro
    (
        "{{ input(name='country') }}{% macro input(type='text', name) %}{{ type }} {{ name }}{% endmacro %}",
        "text country",
    ),
    (
        "{{ test('1') }}{% macro test(one,two) %}{{ one }}{{ two }}{% endmacro %}",
        "1",
    ),
    ("{{ input(1 + 1) }}{% macro input(value) %}{{value}}{% endmacro %}", "2"),
    (
        "{% macro print(name) %}{{ name }}{% endmacro %}{{ print({'Bob':'Marley'}) }}{{ print(name=[1]) | length }}",
        r#"{"Bob":"Marley"}3"#,
    ),
    (
        "{% macro m(a, b=a ~ '!') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}",
        "xx!",
    ),
    (
        "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(m(1)) }} {{ 'a' ~ m(2) | upper }}",
        "<<1>> A<2>",
    ),
    (
        "{% macro fact(n) %}{{ n < 2 ? 1 : n * (fact(n - 1) | number) }}{% endmacro %}{{ fact(5) }}",
        "120",
    ),
    (
        "{% macro m() %}{{ inputs }}{% endmacro %}{{ m() }}",
        "!undefined-variable `inputs` is not defined",
    ),
    (
        "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
        "!expression-argument the macro `m` takes 1 arguments",
    ),
    (
        "{% macro m(a) %}{% endmacro %}{% macro m(b) %}{% endmacro %}",
        "!expression-syntax the macro `m` is defined twice",
    ),
    (
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "!expression-limit the evaluation is nested too deeply",
    ),
    // block
    ("{% block 'content' %}hello{% endblock 'content' %}", "hello"),
    (
        "{% block \"post\" %} content {% endblock %}{{ block(\"post\") }}",
        " content  content ",
    ),
    (
        "{% set x = 1 %}{% block b %}{{ x }}{% endblock b %}{% set x = 2 %}{{ block('b') }}",
        "12",
    ),
    ("{{ block('nope') }}", "!expression-argument there is no block `nope`"),
    (
        "{% block a %}1{% endblock %}{% block a %}2{% endblock %}",
        "!expression-syntax the block `a` is defined twice",
    ),
    // raw and verbatim
    (
        "See some code {% raw %}{{ var }}{% endraw %}",
        "See some code {{ var }}",
    ),
    ("See some code {%raw%}{{ var }}{%endraw%}", "See some code {{ var }}"),
    (
        "{% raw %}{{ var }}{% endraw %} and {% raw %}{{ var2 }}{% endraw %}",
        "{{ var }} and {{ var2 }}",
    ),
    (
        "{% verbatim %}{{ foo }}{{ bar }}{% nope %}{# c #}{% endverbatim %}",
        "{{ foo }}{{ bar }}{% nope %}{# c #}",
    ),
    ("{% raw %}echo ${#x}{% endraw %}", "echo ${#x}"),
    (
        "{% raw %}{{ a }}",
        "!expression-syntax `{% raw %}` is not closed by `{% endraw %}`",
    ),
    // Tags that Kestra takes out of Pebble, and tags there never were.
    ("{% include 'x' %}", "!unknown-tag unknown tag `include`"),
    ("{% import 'x' %}", "!unknown-tag unknown tag `import`"),
    ("{% extends 'x' %}", "!unknown-tag unknown tag `extends`"),
    ("{% cache 'x' %}{% endcache %}", "!unknown-tag unknown tag `cache`"),
    (
        "{% autoescape false %}{% endautoescape %}",
        "!unknown-tag unknown tag `autoescape`",
    ),
    ("{% nope %}", "!unknown-tag unknown tag `nope`"),
];

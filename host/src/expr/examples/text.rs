//! Filters on text.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    (
        "{{ 'This is a test of the abbreviate filter' | abbreviate(16) }}",
        "This is a tes...",
    ),
    (
        "{{ 'This is a test of the abbreviate filter' | abbreviate(length=16) }}",
        "This is a tes...",
    ),
    (
        "{{ '1234567' | abbreviate(2) }} {{ 'short' | abbreviate(9) }} {{ null | abbreviate(16) }}|",
        "12 short |",
    ),
    ("{{ 'this is a long sentence.' | abbreviate(7) }}", "this..."),
    ("{{ 'éééééééé' | abbreviate(5) }}", "éé..."),
    (
        "{{ 'abc' | abbreviate(WRONG=16) }}",
        "!unknown-argument the filter `abbreviate` has no argument `WRONG`",
    ),
    (
        "{{ 'abc' | abbreviate }}",
        "!missing-argument the filter `abbreviate` needs the argument `length`",
    ),
    (
        "{{ 'abc' | abbreviate('x') }}",
        "!expression-argument the argument `length` of the filter `abbreviate` must be a whole number, not a string",
    ),
    (
        "{{ 'this should be capitalized.' | capitalize }}",
        "This should be capitalized.",
    ),
    (
        "{{ ' \nthis should be capitalized.' | capitalize }}",
        " \nThis should be capitalized.",
    ),
    (
        "{{ null | capitalize }}|{{ '' | capitalize }}|{{ 'éa' | capitalize }} {{ 'ABC' | capitalize }}",
        "||Éa ABC",
    ),
    (
        "{{ null | title }} {{ 'test' | title }} {{ 'test test' | title }} {{ 'TEST TEST' | title }}",
        " Test Test Test TEST TEST",
    ),
    ("{{ ' \ntest' | title }}", " \nTest"),
    (
        "{{ 'TEMPLATE' | lower }} {{ null | lower }}| {{ 'ÀÉ' | lower }}",
        "template | àé",
    ),
    (
        "{{ 'template' | upper }} {{ null | upper | lower }}| {{ 'straße' | upper }}",
        "TEMPLATE | STRASSE",
    ),
    (
        "{{ map | upper }}",
        "!expression-type the filter `upper` works on a string, not on a map",
    ),
    (
        "{{ '        \t\tThis should be trimmed. \t\t' | trim }}|{{ null | trim }}|",
        "This should be trimmed.||",
    ),
    ("{{ 'a\nb\r\nc' | nl2br }}", "a<br />b<br />c"),
    (
        "{{ 'Hello World!' | slugify }} {{ '\ttest*\n\n\n\ntest*' | slugify }} {{ null | slugify }}|",
        "hello-world test-test |",
    ),
    (
        "{{ 'windows-web-01' | slugify }} {{ 'admin_user' | slugify }} {{ '35.202.10.100' | slugify }}",
        "windows-web-01 admin-user 3520210100",
    ),
    ("{{ 'Über Größe' | slugify }} {{ '日本' | slugify }}|", "uber-groe |"),
    (
        "{{ 'a.b.c' | substringBefore('.') }} {{ 'a.b.c' | substringBefore(separator='.') }} {{ 'abc' | substringBefore('.') }}",
        "a a abc",
    ),
    (
        "{{ 'a.b.c' | substringAfter('.') }} {{ 'a.b.c' | substringAfter(separator='.') }} {{ 'abc' | substringAfter('.') }}|",
        "b.c b.c |",
    ),
    (
        "{{ 'a.b.c' | substringBeforeLast('.') }} {{ 'abc' | substringBeforeLast(separator='.') }}",
        "a.b abc",
    ),
    (
        "{{ 'a.b.c' | substringAfterLast('.') }} {{ 'abc' | substringAfterLast(separator='.') }}|",
        "c |",
    ),
    (
        "{{ null | substringBefore('.') }}{{ null | substringAfterLast('.') }}|",
        "|",
    ),
    (
        "{{ 'a' | substringBefore }}",
        "!missing-argument the filter `substringBefore` needs the argument `separator`",
    ),
    (
        "{{ 'kestra://file.csv' | startsWith('kestra://') }} {{ 'Hello' | startsWith(value='h') }} {{ '' | startsWith('') }}",
        "true false true",
    ),
    (
        "{{ 'report.csv' | endsWith('.csv') }} {{ 'report.csv' | endsWith(value='.txt') }}",
        "true false",
    ),
    (
        "{{ 'hello %s' | format('world') }} {{ 'I like %s and %d.' | format('foo', 3) }}",
        "hello world I like foo and 3.",
    ),
    (
        "{{ '%.2f' | format(1.005) }} {{ '%5.1f|%-5s|%05d' | format(2.25, 'a', 42) }}",
        "1.01   2.3|a    |00042",
    ),
    (
        "{{ '%d' | format('a') }}",
        "!expression-type `%d` in a format takes no string",
    ),
    (
        "{{ '%s' | format }}",
        "!expression-argument the format has more places than there are arguments",
    ),
    (
        "{{ 42 | string }} {{ [1, 'a'] | string }} {{ true | string | length }} {{ null | string }}|",
        "42 [1,\"a\"] 4 |",
    ),
    (
        "{{ 'a' | className }} {{ 1 | className }} {{ 1.5 | className }} {{ true | className }} {{ null | className }}|",
        "java.lang.String java.lang.Long java.lang.Double java.lang.Boolean |",
    ),
    (
        "{{ \"Can't be here\" | escapeChar('single') }} {{ 'say \"hi\"' | escapeChar('double') }}",
        "Can\\'t be here say \\\"hi\\\"",
    ),
    (
        "{{ \"it's\" | escapeChar(type='shell') }} {{ null | escapeChar('single') }}|",
        "it'\\''s |",
    ),
    (
        "{{ [\"a'b\", {'k': \"c'd\"}] | escapeChar('single') }}",
        r#"["a\\'b",{"k":"c\\'d"}]"#,
    ),
    (
        "{{ 'a' | escapeChar('xml') }}",
        "!expression-argument the argument `type` of the filter `escapeChar` must be `single`, `double` or `shell`",
    ),
    ("echo '{{ \"foo' bar'baz\" | sh }}'", "echo 'foo'\\'' bar'\\''baz'"),
    (
        "{{ null | indent(2) }}|{{ '' | indent(2) }}|{{ 'string' | indent(2) }}|{{ 1 | indent(2) }}",
        "||string|1",
    ),
    (
        "{{ 'first line\nsecond line' | indent(2) }}",
        "first line\n  second line",
    ),
    (
        "{{ 'first line\r\nsecond line' | indent(2, '\t') }}",
        "first line\r\n\t\tsecond line",
    ),
    (
        "{{ null | nindent(2) }}|{{ '' | nindent(2) }}|{{ 'string' | nindent(2) }}",
        "||\n  string",
    ),
    ("{{ '\n\n' | nindent(2) }}", "\n  \n  \n  "),
    (
        "{{ 'first line\rsecond line' | nindent(2) }}",
        "\r  first line\r  second line",
    ),
    (
        "{{ 'a' | indent }}",
        "!missing-argument the filter `indent` needs the argument `amount`",
    ),
    (
        "{{ 'a' | indent(-1) }}",
        "!expression-argument the argument `amount` of the filter `indent` cannot be negative, and is -1",
    ),
    (
        "{{ 'a' | nindent(99999999999) }}",
        "!expression-limit the text grows beyond 16777216 bytes",
    ),
    // Regular expressions.
    (
        "{{ 'one,two,three' | split(',') }} {{ 'one,two,three' | split(',', 2) }} {{ 'a1b2' | split('[0-9]') }}",
        r#"["one","two","three"] ["one","two,three"] ["a","b"]"#,
    ),
    (
        "{{ 'abc' | split('') | join('.') }} {{ null | split(',') }}| {{ 'a,b,,' | split(',') | length }} {{ 'a,b,,' | split(',', -1) | length }}",
        "a.b.c | 2 4",
    ),
    (
        "{{ 'a' | split('(') }}",
        "!expression-argument `(` is no regular expression: unclosed group",
    ),
    (
        "{{ 'john doe is john doe' | replace({'john': 'jane'}) }}",
        "jane doe is jane doe",
    ),
    (
        "{{ \"I like %this% and %that%.\" | replace({'%this%': name, '%that%': \"bar\"}) }}",
        "I like World and bar.",
    ),
    (
        "{{ 'aa1bb2cc3dd4ee5' | replace({'(\\\\d)': '-$1-'}, regexp=true) }}",
        "aa-1-bb-2-cc-3-dd-4-ee-5-",
    ),
    (
        "{{ 'a.b' | replace({'.': '$'}) }} {{ null | replace({'a': 'b'}) }}|",
        "a$b |",
    ),
    (
        "{{ 'a' | replace }}",
        "!missing-argument the filter `replace` needs the argument `replace_pairs`",
    ),
    (
        "{{ 'aaaaaaaaaaaaaaaaaaaaaaaab' | replace({'(.*a){25}': 'x'}, regexp=true) }}",
        "aaaaaaaaaaaaaaaaaaaaaaaab",
    ),
    (
        "{{ 'hello world' | regexMatch(regex='hello.*') }} {{ 'hello world' | regexMatch(regex='^\\\\d+$') }} {{ 'order-12345-done' | regexMatch('\\\\d+') }} {{ null | regexMatch('.*') }}",
        "true false true false",
    ),
    (
        "{{ 'hello world' | regexReplace(regex='world', replacement='java') }} {{ 'aa1bb2cc3' | regexReplace('\\\\d', '-') }}",
        "hello java aa-bb-cc-",
    ),
    (
        "{{ 'aa1bb2cc3' | regexReplace(regex='(\\\\d)', replacement='[$1]') }} {{ 'hello' | regexReplace('\\\\d+', 'X') }} {{ null | regexReplace('.*', 'x') }}|",
        "aa[1]bb[2]cc[3] hello |",
    ),
    (
        "{{ 'order-12345-done' | regexExtract(regex='\\\\d+') }} {{ 'order-12345-done' | regexExtract('order-(\\\\d+)', group=1) }} {{ 'abc-123-def-456' | regexExtract('\\\\d+') }}",
        "12345 12345 123",
    ),
    (
        "{{ 'hello' | regexExtract('\\\\d+') is null }} {{ null | regexExtract('a') is null }}",
        "true true",
    ),
    (
        "{{ 'a' | regexMatch('[') }}",
        "!expression-argument `[` is no regular expression: unclosed character class",
    ),
    // Encodings and digests.
    (
        "{{ 'The string ü@foo-bar' | urlencode }} {{ null | urlencode }}|",
        "The+string+%C3%BC%40foo-bar |",
    ),
    (
        "{{ 'The+string+%C3%BC%40foo-bar' | urldecode }} {{ 'a%2Fb' | urldecode }}",
        "The string ü@foo-bar a/b",
    ),
    (
        "{{ 'test' | base64encode }} {{ '' | base64encode }}|{{ null | base64encode }}|{{ 'é' | base64encode }}",
        "dGVzdA== ||w6k=",
    ),
    ("{{ 'dGVzdA==' | base64decode }} {{ null | base64decode }}|", "test |"),
    (
        "{{ 'this is not a base64 encoded string' | base64decode }}",
        "!expression-type the text is not in base64: Invalid symbol 32, offset 4.",
    ),
    (
        "{{ {'foo':1} | base64decode }}",
        "!expression-type the filter `base64decode` works on a string, not on a map",
    ),
    (
        "{{ 'test' | sha256 }} {{ null | sha256 }}|",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 |",
    ),
    (
        "{{ {'foo':1} | sha256 }}",
        "!expression-type the filter `sha256` works on a string, not on a map",
    ),
    (
        "{{ 'test' | md5 }} {{ 'test' | sha1 }}",
        "098f6bcd4621d373cade4e832627b4f6 a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    ),
    (
        "{{ 'test' | sha512 | slice(0, 32) }}",
        "ee26b0dd4af7e749aa1a8ee3c10ae992",
    ),
];

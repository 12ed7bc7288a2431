//! Filters on lists and maps, on numbers, and to and through JSON and YAML.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    (
        "{{ nothing|default('ONE') }} {{ null|default('TWO') }} {{ '  ' |default('THREE') }} {{ 4 |default('FOUR') }}",
        "ONE TWO THREE 4",
    ),
    (
        "{{ nope | default('test') }} {{ inputs.a.b.c | default(default='x') }} {{ nothing.a | default('y') }}",
        "test x y",
    ),
    (
        "{{ [] | default('e') }} {{ {} | default('e') }} {{ false | default('e') }} {{ 0 | default('e') }}",
        "e e false 0",
    ),
    (
        "{{ nope | default(nope2) }}",
        "!undefined-variable `nope2` is not defined",
    ),
    ("{{ nope | upper | default('d') }}", "d"),
    (
        "{{ ['Alex', 'Joe', 'Bob'] | first }} {{ 'Alex' | first }} {{ [] | first is null }} {{ null | first }}|",
        "Alex A true |",
    ),
    (
        "{{ ['Alex', 'Joe', 'Bob'] | last }} {{ 'Alex' | last }} {{ [] | last is null }} {{ null | last }}|",
        "Bob x true |",
    ),
    ("{{ '😀a' | first }} {{ '' | first is null }}", "😀 true"),
    (
        "{{ 5 | first }}",
        "!expression-type the filter `first` works on a list or a string, not on a number",
    ),
    (
        "{{ {'a': 1} | last }}",
        "!expression-type the filter `last` works on a list or a string, not on a map",
    ),
    (
        "{{ 'test' | length }} {{ [] | length }} {{ ['a', 'b'] | length }} {{ map | length }} {{ null | length }} {{ '日本' | length }}",
        "4 0 2 3 0 2",
    ),
    (
        "{{ 5 | length }}",
        "!expression-type the filter `length` works on a list, a map or a string, not on a number",
    ),
    (
        "{{ ['Alex', 'Joe', 'Bob'] | join(',') }} {{ ['Alex', 'Joe'] | join }} {{ numbers | join(', ') }}",
        "Alex,Joe,Bob AlexJoe 1, 2, 3",
    ),
    (
        "{{ [1.0, 2.5, 3.0] | join(',') }} {{ null | join(',') }}|{{ [] | join(',') }}|",
        "1.0,2.5,3.0 ||",
    ),
    (
        "{{ [[1, 2], {'a': 1}, null, true] | join(separator='; ') }}",
        r#"[1,2]; {"a":1}; null; true"#,
    ),
    (
        "{{ 'abc' | join(',') }}",
        "!expression-type the filter `join` works on a list, not on a string",
    ),
    (
        "{{ map | join(',') }}",
        "!expression-type the filter `join` works on a list, not on a map",
    ),
    (
        "{{ numbers | join(1) }}",
        "!expression-argument the argument `separator` of the filter `join` must be a string, not a number",
    ),
    (
        "{{ ['zebra', 'apple', ' cat', '123', 'Apple', 'cat'] | sort | join(' ') }}",
        " cat 123 Apple apple cat zebra",
    ),
    (
        "{{ [3, 1.5, 2] | sort }} {{ [] | sort }} {{ null | sort }}|",
        "[1.5,2,3] [] |",
    ),
    (
        "{{ ['b', 2, null, true, 'a', 1, [0]] | sort }}",
        r#"[null,true,1,2,"a","b",[0]]"#,
    ),
    (
        "{{ ['zebra', 'apple', ' cat', '123', 'Apple', 'cat'] | rsort | join(' ') }}",
        "zebra cat apple Apple 123  cat",
    ),
    (
        "{{ ['one', 'two', 'three'] | reverse | join(' ') }} {{ [] | reverse }}",
        "three two one []",
    ),
    (
        "{{ 'abc' | reverse }}",
        "!expression-type the filter `reverse` works on a list, not on a string",
    ),
    (
        "{{ {'one':1} | merge({'two':2}) }} {{ [1] | merge([2]) }}",
        r#"{"one":1,"two":2} [1,2]"#,
    ),
    (
        "{% set m1 = {'one':1}|merge(['two'])%}{{m1['two']}} {%set l1 = [1]|merge({'two':2})%}{{l1[1].value}}",
        "two 2",
    ),
    (
        "{{ {'a': 1} | merge({'a': 2}) }} {{ null | merge([1]) }} {{ [1] | merge(null) }}",
        r#"{"a":2} [1] [1]"#,
    ),
    (
        "{{ null | merge(null) }}",
        "!expression-argument both sides of the filter `merge` are null",
    ),
    (
        "{{ {'one':1}|merge('No way!') }}",
        "!expression-argument the argument `items` of the filter `merge` cannot be merged into a map: it is a string",
    ),
    (
        "{{ [1]|merge('No way!') }}",
        "!expression-argument the argument `items` of the filter `merge` cannot be merged into a list: it is a string",
    ),
    (
        "{{ 'a' | merge([1]) }}",
        "!expression-type the filter `merge` works on a list or a map, not on a string",
    ),
    (
        "{{ null | slice }}|{{ 'Alex' | slice }} {{ 'Alexander' | slice(2,5) }} {{ 'Alex' | slice(fromIndex=2) }}",
        "|Alex exa ex",
    ),
    (
        "{{ ['Alex', 'Joe', 'Bob', 'Sarah', 'Mary', 'Marge'] | slice(2,5) }} {{ [1, 2] | slice(toIndex=1) }}",
        r#"["Bob","Sarah","Mary"] [1]"#,
    ),
    (
        "{{ 'Alex' | slice(-1) }}",
        "!expression-argument the argument `fromIndex` of the filter `slice` cannot be negative, and is -1",
    ),
    (
        "{{ 'Alex' | slice(0,-1) }}",
        "!expression-argument the argument `toIndex` of the filter `slice` cannot be negative, and is -1",
    ),
    (
        "{{ 'Alex' | slice(0,1000) }}",
        "!expression-argument the argument `toIndex` of the filter `slice` must not go beyond 4, and is 1000",
    ),
    (
        "{{ 'Alex' | slice(2,2) }}",
        "!expression-argument the argument `fromIndex` of the filter `slice` must be below 2, and is 2",
    ),
    (
        "{{ 1 | slice(2,5) }}",
        "!expression-type the filter `slice` works on a list or a string, not on a number",
    ),
    (
        "{{ [1, 2, 3, 4, 5] | chunk(2) }} {{ [] | chunk(3) }} {{ null | chunk(3) }}| {{ [1] | chunk(size=9) }}",
        "[[1,2],[3,4],[5]] [] | [[1]]",
    ),
    (
        "{{ [1] | chunk(0) }}",
        "!expression-argument the argument `size` of the filter `chunk` must be at least 1",
    ),
    (
        "{{ 'a' | chunk(1) }}",
        "!expression-type the filter `chunk` works on a list, not on a string",
    ),
    (
        "{{ [[1, 2], [3], 4] | flatten }} {{ [[[1]]] | flatten }} {{ null | flatten }}|",
        "[1,2,3,4] [[1]] |",
    ),
    (
        "{{ [1, 2, 1, 3, 2] | distinct }} {{ ['a', 'A', 'a'] | distinct }} {{ [1, 1.0, '1'] | distinct }}",
        r#"[1,2,3] ["a","A"] [1,"1"]"#,
    ),
    ("{{ [3, 1, 3] | uniq }} {{ null | uniq }}|", "[3,1] |"),
    (
        "{{ ['a', 'b', 'c'] | keys }} {{ {'x': 1, 'y': 2} | keys }} {{ null | keys }}|",
        r#"[0,1,2] ["x","y"] |"#,
    ),
    (
        "{{ 'a' | keys }}",
        "!expression-type the filter `keys` works on a map or a list, not on a string",
    ),
    (
        "{{ {'x': 1, 'y': [2]} | values }} {{ {} | values }} {{ null | values }}|",
        "[1,[2]] [] |",
    ),
    (
        "{{ [1] | values }}",
        "!expression-type the filter `values` works on a map, not on a list",
    ),
    // Numbers.
    (
        "{{ -5 | abs }} {{ -1.5 | abs }} {{ 0 | abs }} {{ null | abs }}|",
        "5 1.5 0 |",
    ),
    (
        "{{ '5' | abs }}",
        "!expression-type the filter `abs` works on a number, not on a string",
    ),
    (
        "{{ '12.3' | number }} {{ '2147483647' | number + 1 }} {{ '-7' | number }} {{ '0x10' | number }} {{ '1e3' | number }}",
        "12.3 2147483648 -7 16 1000.0",
    ),
    (
        "{{ '12' | number('INT') }} {{ '12' | number('LONG') }} {{ '12' | number('FLOAT') }} {{ '12' | number('DOUBLE') }} {{ '12' | number(type='BIGINTEGER') }} {{ '12' | number('BIGDECIMAL') }}",
        "12 12 12.0 12.0 12 12",
    ),
    (
        "{{ '12.3' | number('INT') }}",
        "!expression-type `12.3` is not a whole number",
    ),
    ("{{ 'abc' | number }}", "!expression-type `abc` is not a number"),
    ("{{ '' | number }}", "!expression-type `` is not a number"),
    (
        "{{ true | number }}",
        "!expression-type the filter `number` works on a string, not on a boolean",
    ),
    (
        "{{ '1' | number('BYTE') }}",
        "!expression-argument the filter `number` does not know the type `BYTE`",
    ),
    (
        "{{ null | number is null }} {{ '9223372036854775807' | number }}",
        "true 9223372036854775807",
    ),
    (
        "{{ 1.232654 | numberFormat('#.##') }} {{ 1234567.891 | numberFormat('#,##0.00') }} {{ null | numberFormat }}|",
        "1.23 1,234,567.89 |",
    ),
    (
        "You owe me {{ 10000.235166 | numberformat('$#,###,###,##0.00') }}. {{ 10000.235166 | numberformat(format='0.0') }}",
        "You owe me $10,000.24. 10000.2",
    ),
    (
        "{{ 1000000 | numberformat }} {{ 0.5 | numberFormat('0%') }} {{ 2.5 | numberFormat('0') }} {{ 7 | numberFormat('000') }}",
        "1,000,000 50% 2 007",
    ),
    (
        "{{ 'a' | numberFormat('0') }}",
        "!expression-type the filter `numberFormat` works on a number, not on a string",
    ),
    (
        "{{ 1 | numberFormat('x') }}",
        "!expression-argument `x` is no format of a number",
    ),
    // JSON.
    (
        "{{ map | toJson }} {{ 'a\"b' | toJson }} {{ null | toJson }} {{ 1.0 | toJson }}",
        r#"{"b":1,"a":[true,null],"c-d":"x"} "a\"b" null 1.0"#,
    ),
    (
        "{{ [1, 'x'] | json }} {{ execution.startDate | json }}",
        r#"[1,"x"] "2026-01-21T10:00:00Z""#,
    ),
    (
        "{{ [1, 2, 3] | jq('.[0]') | first }} {{ {'test': [1, 2, 3]} | jq('.test[0]') }} {{ [1, 2, 3] | jq('.[]') }}",
        "1 [1] [1,2,3]",
    ),
    (
        "{{ '{\"a\": {\"b\": 1}}' | jq('.a.b') }} {{ null | jq('.a') is null }} {{ map | jq('.nope') }}",
        "[1] true [null]",
    ),
    (
        "{% set object = {'object': {'key': 'value'}} | jq('.object') %}{{ object[0].key }}",
        "value",
    ),
    (
        "{{ [{'n': 1}, {'n': 2}] | jq('map(.n) | add') | first }} {{ list | jq('map(type)') | first }}",
        r#"3 ["number","string","null"]"#,
    ),
    (
        "{{ [1.5, true, 'x'] | jq('.[] | tostring') }} {{ [] | jq('.[]') }}",
        r#"["1.5","true","x"] []"#,
    ),
    (
        "{{ [] | jq('.[') }}",
        "!jq-syntax jq expects closing bracket, found the end",
    ),
    ("{{ [] | jq('nope') }}", "!jq-syntax jq does not know the filter `nope`"),
    ("{{ [1] | jq('.a') }}", "!jq-error jq says: cannot index [1] with \"a\""),
    (
        "{{ 'plain' | jq('.') }}",
        "!expression-type the text before `jq` is no JSON: expected value at line 1 column 1",
    ),
    (
        "{{ [] | jq('def f: f; f') }}",
        "!expression-limit the jq filter takes too long",
    ),
    // YAML.
    (
        "{{ 'string' | yaml }}{{ 1 | yaml }}{{ 1.123 | yaml }}{{ true | yaml }}",
        "string\n1\n1.123\ntrue\n",
    ),
    ("{{ ['string', 1, 1.123] | yaml }}", " - string\n - 1\n - 1.123\n"),
    (
        "{{ {'a': {'b': ['x', {'c': 1}]}} | yaml }}",
        "a:\n  b:\n   - x\n   - c: 1\n",
    ),
    (
        "{{ execution.startDate | yaml }}{{ null | yaml }}",
        "2026-01-21T10:00:00Z\nnull",
    ),
    (
        "data:{{ {'key1': 'value1', 'key2': 'a\nb'} | yaml | nindent(2) }}",
        "data:\n  key1: value1\n  key2: |-\n    a\n    b\n  ",
    ),
];

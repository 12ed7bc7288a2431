//! Operators: what they make of two values, and how tightly they hold them.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    // Precedence.
    ("{{ 8 + 5 * 4 - (6 + 10 / 2)  + 44 }}-{{ 10%3 }}", "61-1"),
    ("{{ 'a' ~ 'b' | upper }}", "AB"),
    ("{{ 'a' ~ ('b' | upper) }}", "aB"),
    ("{{ 1 + 2 | abs }}", "3"),
    ("{{ -5 | abs }} {{ -5.2 | abs }}", "5 5.2"),
    ("{{ 1..3 | last }}", "3"),
    ("{{ 1 + 1..3 }}", "!expression-type cannot calculate number + list"),
    ("{{ nothing ?? 'x' ~ 'y' }}", "xy"),
    ("{{ 'x' ~ nothing ?? 'y' }}", "xy"),
    ("{{ not false == true }}", "true"),
    ("{{ not true == true }}", "false"),
    ("{{ 1 + 2 is odd }} {{ 2 * 3 is even }}", "true true"),
    ("{{ 3 is odd and 5 is odd }}", "true"),
    ("{{ true or false and false }}", "true"),
    ("{{ (true or false) and false }}", "false"),
    ("{{ 1 == 1 ? 'a' : 'b' }}", "a"),
    ("{{ false ? 1 : true ? 2 : 3 }}", "2"),
    ("{{ true ? false ? 1 : 2 : 3 }}", "2"),
    ("{{ 1 < 2 and 2 < 3 }}", "true"),
    ("{{ 10 - 4 - 3 }} {{ 100 / 10 / 5 }} {{ 2 * 3 % 4 }}", "3 2 2"),
    ("{% if -2 == -+(5 - 3) %}yes{% else %}no{% endif %}", "yes"),
    ("{{ [1, 2] contains 1 ? 'y' : 'n' }}", "y"),
    // Arithmetic.
    (
        "{{ 1 + 1 }} {{ 1 - 2 }} {{ 2 * 3 }} {{ 11 / 3 }} {{ 4 % 3 }}",
        "2 -1 6 3 1",
    ),
    (
        "{{ 7 / 2 }} {{ -7 / 2 }} {{ 7 / -2 }} {{ -7 % 3 }} {{ 7 % -3 }}",
        "3 -3 -3 -1 1",
    ),
    (
        "{{ 7 / 2.0 }} {{ 7.0 / 2 }} {{ 1 + 1.0 }} {{ 2 * 0.5 }}",
        "3.5 3.5 2.0 1.0",
    ),
    ("{{ 100.0 + 30.0 * 100.0 / 30.0 }}-{{ 100.0 % 30.0 }}", "200.0-10.0"),
    ("{{ 0.1 + 0.2 }}", "0.30000000000000004"),
    ("{{ 1.0 / 0 }} {{ -1.0 / 0 }} {{ 0.0 / 0 }}", "Infinity -Infinity NaN"),
    ("{{ 1 / 0 }}", "!expression-type division by zero"),
    ("{{ 1 % 0 }}", "!expression-type division by zero"),
    (
        "{{ 9223372036854775807 + 1 }}",
        "!expression-type the number is too large",
    ),
    (
        "{{ 4611686018427387904 * 2 }}",
        "!expression-type the number is too large",
    ),
    (
        "{{ 9223372036854775808 }}",
        "!expression-syntax the number is too large",
    ),
    ("{{ -9223372036854775807 - 1 }}", "-9223372036854775808"),
    ("{{ 'a' * 2 }}", "!expression-type cannot calculate string * number"),
    (
        "{{ 10 + '2' }} {{ '10' - 2 }} {{ '10' * '2' }} {{ 10 / '2' }} {{ '11' % 2 }}",
        "102 8 20 5 1",
    ),
    (
        "{{ '1.5' * 2 }} {{ '1e2' - 1 }} {{ -'5' }} {{ '9999999999' * 1 }}",
        "3.0 99.0 -5 9999999999",
    ),
    ("{{ '' * 2 }}", "!expression-type cannot calculate string * number"),
    ("{{ '1.2.3' * 2 }}", "!expression-type cannot calculate string * number"),
    ("{{ '--1' - 1 }}", "!expression-type cannot calculate string - number"),
    ("{{ '1e' - 1 }}", "!expression-type cannot calculate string - number"),
    ("{{ nothing + 1 }}", "!expression-type cannot calculate null + number"),
    ("{{ true + 1 }}", "!expression-type cannot calculate boolean + number"),
    ("{{ {'a': 1} + 1 }}", "!expression-type cannot calculate map + number"),
    ("{{ {'a': 1} - 1 }}", "!expression-type cannot calculate map - number"),
    ("{{ -'a' }}", "!expression-type cannot calculate number * string"),
    ("{{ -(1 + 2) }} {{ +5 }} {{ - -5 }}", "-3 5 5"),
    // Numbers as they are written.
    ("{{ 1 }} {{ 1.0 }} {{ 1.50 }} {{ 10L }}", "1 1.0 1.5 10"),
    (
        "{{ 10000000.0 }} {{ 0.0001 }} {{ 123456789.5 }}",
        "1.0E7 1.0E-4 1.234567895E8",
    ),
    ("{{ 9223372036854775807 }}", "9223372036854775807"),
    // Text and lists.
    (
        "{{ 'one' + 'plus' }} {{ 'a' + 1 }} {{ 1 + 'a' }} {{ 'a' + 1.5 }}",
        "oneplus a1 1a a1.5",
    ),
    (
        "{{ 'a' + nothing }} {{ 'a' + true }} {{ 'a' + [1] }}",
        "anull atrue a[1]",
    ),
    (
        "{{ [1] + 2 }} {{ [1] + [2, 3] }} {{ [] + nothing }}",
        "[1,2] [1,2,3] [null]",
    ),
    (
        "{{ [1, 2, 1] - 1 }} {{ [1, 2, 3] - [1, 3] }} {{ [1] - 5 }}",
        "[2,1] [2] [1]",
    ),
    ("{{ \"apple\" ~ \"pear\" ~ \"banana\" }}", "applepearbanana"),
    (
        "{{ 1 ~ 2 }} {{ 'a' ~ nothing ~ 'b' }} {{ 'a' ~ 1.0 }} {{ true ~ [1, 'x'] }}",
        "12 ab a1.0 true[1,\"x\"]",
    ),
    ("{{ nothing ~ nothing }}|", "|"),
    ("{{ 'a' ~ nope }}", "!undefined-variable `nope` is not defined"),
    ("{{ 'é' ~ '日本' ~ '😀' }}", "é日本😀"),
    // Equality.
    (
        "{{ 1 == 1 }} {{ 1 == 1.0 }} {{ 1 == '1' }} {{ 1 != 2 }}",
        "true true false true",
    ),
    ("{{ 1 equals 1 }} {{ 'Mitchell' equals 'mitchell' }}", "true false"),
    (
        "{{ null equals null }} {{ nothing == null }} {{ nothing != 1 }} {{ '' == null }}",
        "true true true false",
    ),
    (
        "{{ 999999 == 999999.0 }} {{ 9007199254740993 == 9007199254740992.0 }}",
        "true false",
    ),
    (
        "{{ [1, 2] == [1, 2] }} {{ [1, 2] == [2, 1] }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}",
        "true false true",
    ),
    ("{{ true == 'true' }} {{ true == true }}", "false true"),
    // Comparison.
    (
        "{{ 1.234 < 2.0 }} {{ 2 <= 2.0 }} {{ 3 > 2 }} {{ 2 >= 3 }}",
        "true true true false",
    ),
    ("{{ 'b' >= 'a' }} {{ 'b' >= 'b' }} {{ 'a' >= 'b' }}", "true true false"),
    (
        "{{ 'a' < 'b' }} {{ 'B' < 'a' }} {{ '10' < '9' }} {{ '' < 'a' }}",
        "true true true true",
    ),
    (
        "{{ nothing > 2 }} {{ 3 > nothing }} {{ nothing <= nothing }}",
        "false false false",
    ),
    ("{{ '2025-01-02T00:00:00Z' > '2025-01-01T00:00:00Z' }}", "true"),
    (
        "{{ execution.startDate >= '2026-01-21T10:00:00Z' }} {{ execution.startDate < '2026-01-21' }}",
        "true false",
    ),
    (
        "{{ execution.startDate > 'soon' }}",
        "!expression-type cannot compare date > string",
    ),
    ("{{ 1 < 'a' }}", "!expression-type cannot compare number < string"),
    ("{{ [1] < [2] }}", "!expression-type cannot compare list < list"),
    (
        "{{ true > false }}",
        "!expression-type cannot compare boolean > boolean",
    ),
    // Logic.
    (
        "{{ true and false }} {{ true or false }} {{ not true }} {{ not (1 == 2) }}",
        "false true false true",
    ),
    ("{{ false and nope }} {{ true or nope }}", "false true"),
    ("{{ true and nope }}", "!undefined-variable `nope` is not defined"),
    (
        "{{ nothing or true }}",
        "!expression-type null is neither true nor false",
    ),
    ("{{ not nothing }}", "!expression-type null is neither true nor false"),
    ("{{ 1 and 'x' }} {{ 0 or '' }} {{ 0.0 or 0.5 }}", "true false true"),
    ("{{ [] and true }}", "!expression-type a list is neither true nor false"),
    ("{{ {} ? 1 : 2 }}", "!expression-type a map is neither true nor false"),
    (
        "{{ execution.startDate ? 1 : 2 }}",
        "!expression-type a date is neither true nor false",
    ),
    // Membership.
    (
        "{{ ['Bob', 'Maria', 'John'] contains 'John' }} {{ ['Bob'] contains 'Cobra' }}",
        "true false",
    ),
    (
        "{{ {'Bob': 1, 'Maria': 2} contains 'Maria' }} {{ {'Bob': 1} contains 'Freddie' }}",
        "true false",
    ),
    (
        "{{ 'Bob Maria John' contains 'Maria' }} {{ 'Bob' contains 'Cobra' }} {{ 'a1' contains 1 }}",
        "true false true",
    ),
    ("{{ null contains 'John' }}", "false"),
    (
        "{{ [1, 2, 3] contains [1, 3] }} {{ [1, 2] contains [1, 9] }} {{ [] contains 1 }}",
        "true false false",
    ),
    ("{{ not (['Bob'] contains 'Cobra') }}", "true"),
    (
        "{{ 5 contains 5 }}",
        "!expression-type `contains` looks into lists, maps and strings, not into a number",
    ),
    (
        "{{ 'SUCCESS' isIn ['SUCCESS', 'WARNING'] }} {{ 'SUCCESS' isIn ['FAILED', 'KILLED'] }}",
        "true false",
    ),
    (
        "{{ 'key' isIn {'key': 'value'} }} {{ 'value' in {'key': 'value'} }}",
        "true true",
    ),
    (
        "{{ 'x' not in ['a'] }} {{ 'x' isNotIn {'x': 1} }} {{ 'a' not  in ['a'] }}",
        "true false false",
    ),
    (
        "{{ 1 in ['1'] }} {{ 'a' in 'abc' }} {{ nothing in [null] }} {{ 1 in nothing }}",
        "true false false false",
    ),
    // What is missing.
    (
        "{{ nope ?? 'd' }} {{ nothing ?? 'd' }} {{ name ?? 'd' }} {{ '' ?? 'd' }}|",
        "d d World |",
    ),
    ("{{ inputs.nope ?? map.b }} {{ map.b ?? inputs.nope }}", "1 1"),
    (
        "{{ map[nope].child ?? 'd' }} {{ name.bla ?? 'd' }} {{ nothing.x ?? 'd' }} {{ list[9] ?? 'd' }}",
        "d d d d",
    ),
    ("{{ nope ?? nope2 }}", "!undefined-variable `nope2` is not defined"),
    ("{{ nope ?? nope2 ?? 'c' }} {{ nope ?? nothing }}|", "c |"),
    ("{{ null ??? 'x' }}|{{ nope ??? 'x' }}|{{ nothing.y ??? 'x' }}", "|x|x"),
    ("{{ 1 / 0 ?? 'd' }}", "!expression-type division by zero"),
    (
        "{{ ('a' | abs) ?? 'd' }}",
        "!expression-type the filter `abs` works on a number, not on a string",
    ),
    // Ranges.
    (
        "{{ 0..5 }} {{ 3..3 }} {{ 5..1 }} {{ -1..1 }}",
        "[0,1,2,3,4,5] [3] [] [-1,0,1]",
    ),
    ("{{ 'a'..'e' | join }}", "abcde"),
    (
        "{{ 'a'..5 }}",
        "!expression-type a range goes between whole numbers or single characters, not from string to number",
    ),
    (
        "{{ 1.5..3 }}",
        "!expression-type a range goes between whole numbers or single characters, not from number to number",
    ),
    (
        "{{ 1..100001 }}",
        "!expression-limit the range has more than 100000 elements",
    ),
];

//! The tests that `is` and `is not` ask.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    (
        "{{ name is defined }} {{ nope is defined }} {{ map.b is defined }} {{ map.nope is defined }}",
        "true false true false",
    ),
    (
        "{{ nothing is defined }} {{ nothing.x is defined }} {{ nope.a.b is not defined }} {{ map[nope].c is defined }}",
        "false false true false",
    ),
    ("{{ list[3] is defined ? bla : null }}|", "|"),
    (
        "{{ nope is defined ? nope : nope2 }}",
        "!undefined-variable `nope2` is not defined",
    ),
    ("{{ name.bla is not defined ? map.b : null }}", "1"),
    (
        "{{ null is empty() }} {{ '  ' is empty() }} {{ [] is empty }} {{ {} is empty }}",
        "true true true true",
    ),
    (
        "{{ 'a' is empty }} {{ [null] is empty }} {{ {'John':'Cobra'} is empty }} {{ 0 is empty }} {{ false is empty }}",
        "false false false false false",
    ),
    ("{{ nope is empty }}", "!undefined-variable `nope` is not defined"),
    (
        "{{ null is null }} {{ nothing is null }} {{ 2 is null }} {{ '' is null }} {{ 2 is not null }}",
        "true true false false true",
    ),
    ("{{ nope is null }}", "!undefined-variable `nope` is not defined"),
    (
        "{{ 2 is even }} {{ 3 is even }} {{ 0 is even }} {{ -4 is even }}",
        "true false true true",
    ),
    (
        "{{ null is even }}",
        "!expression-type the test `even` works on whole numbers, not on a null",
    ),
    (
        "{{ 2.0 is even }}",
        "!expression-type the test `even` works on whole numbers, not on a number",
    ),
    (
        "{{ 2 is odd }} {{ 3 is odd }} {{ -3 is odd }} {{ 2 is not odd }} {{ not (2 is odd) }}",
        "false true true true true",
    ),
    (
        "{{ 'a' is odd }}",
        "!expression-type the test `odd` works on whole numbers, not on a string",
    ),
    (
        "{{ null is iterable() }} {{ [] is iterable }} {{ {} is iterable }} {{ 'abc' is iterable }}",
        "false true false false",
    ),
    (
        "{{ {} is map }} {{ map is map }} {{ [] is map }} {{ null is map }} {{ list is not map }}",
        "true true false false true",
    ),
    (
        "{{ '[1, 2]' is json }} {{ '{\"a\": null}' is json }} {{ '1' is json }} {{ '{a: 1}' is json }} {{ '' is json }}",
        "true true true false false",
    ),
    (
        "{{ map is json }} {{ 1 is json }} {{ null is not json }}",
        "false false true",
    ),
    ("{{ 1 is prime }}", "!unknown-test unknown test `prime`"),
    (
        "{{ 1 is }}",
        "!expression-syntax expected the name of a test, found `}}`",
    ),
    (
        "{{ 1 is odd(2) }}",
        "!expression-syntax the test `odd` takes no arguments",
    ),
];

//! Every name once more: on null, nothing, text beyond ASCII, values of another kind, and what is too large.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    // Filters on text.
    ("{{ '😀😀' | base64encode | base64decode }}", "😀😀"),
    (
        "{{ [1] | base64encode }}",
        "!expression-type the filter `base64encode` works on a string, not on a list",
    ),
    (
        "{{ '/w==' | base64decode }}",
        "!expression-type the base64 does not hold text",
    ),
    (
        "{{ 5 | capitalize }} {{ 'ñu' | capitalize }} {{ 'ßa' | capitalize }}",
        "5 Ñu SSa",
    ),
    (
        "{{ [] | className }} {{ {} | className }} {{ execution.startDate | className }}",
        "java.util.ArrayList java.util.LinkedHashMap java.time.Instant",
    ),
    (
        "{{ 'naïve' | endsWith('ïve') }} {{ nothing | endsWith('a') }}| {{ 12 | endsWith('2') }}",
        "true | true",
    ),
    (
        "{{ 'a' | endsWith(1) }}",
        "!expression-argument the argument `value` of the filter `endsWith` must be a string, not a number",
    ),
    (
        "{{ '日本語' | startsWith('日') }} {{ nothing | startsWith('a') }}|",
        "true |",
    ),
    (
        "{{ [1] | startsWith('a') }}",
        "!expression-type the filter `startsWith` works on a string, not on a list",
    ),
    (
        "{{ '%s|%10s|%-4s|' | format(nothing, 'é', 'ab') }}",
        "null|         é|ab  |",
    ),
    (
        "{{ '%z' | format(1) }}",
        "!expression-type the filter `format` does not know `%z`",
    ),
    (
        "{{ 'İ' | lower | length }} {{ [1] | join | lower }} {{ nope | lower }}",
        "!undefined-variable `nope` is not defined",
    ),
    (
        "{{ '' | md5 }} {{ nothing | md5 }}| {{ 'é' | md5 }}",
        "d41d8cd98f00b204e9800998ecf8427e | 66ddcd97cfdeabb2f6fb8a999b4bc76f",
    ),
    (
        "{{ '' | sha1 }} {{ nothing | sha1 }}|",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709 |",
    ),
    (
        "{{ map | sha1 }}",
        "!expression-type the filter `sha1` works on a string, not on a map",
    ),
    ("{{ '' | sha512 | length }} {{ nothing | sha512 }}|", "128 |"),
    (
        "{{ list | sha512 }}",
        "!expression-type the filter `sha512` works on a string, not on a list",
    ),
    (
        "{{ list | md5 }}",
        "!expression-type the filter `md5` works on a string, not on a list",
    ),
    (
        "{{ '' | nl2br }}|{{ nothing | nl2br }}|{{ 'a\rb' | nl2br }}",
        "||a<br />b",
    ),
    (
        "{{ 5 | sh }} {{ nothing | sh }}| {{ [\"a'b\"] | sh }}",
        "5 | [\"a'\\\\''b\"]",
    ),
    (
        "{{ true | string }} {{ 1.0 | string }} {{ execution.startDate | string | length }}",
        "true 1.0 20",
    ),
    (
        "{{ 'ü-ü' | substringAfter('ü') }} {{ nothing | substringAfter('a') }}|{{ 'a' | substringAfter('') }}",
        "-ü |a",
    ),
    (
        "{{ 'ü-ü' | substringAfterLast('-') }} {{ 'a' | substringAfterLast('') }}|",
        "ü |",
    ),
    (
        "{{ 'ü-ü' | substringBefore('-') }} {{ 'a' | substringBefore('') }}|",
        "ü |",
    ),
    (
        "{{ 'ü-ü-' | substringBeforeLast('-') }} {{ 'a' | substringBeforeLast('') }} {{ nothing | substringBeforeLast('-') }}|",
        "ü-ü a |",
    ),
    (
        "{{ [1] | substringBeforeLast('-') }}",
        "!expression-type the filter `substringBeforeLast` works on a string, not on a list",
    ),
    ("{{ 'éa ñb' | title }} {{ 12 | title }}", "Éa Ñb 12"),
    ("{{ '\u{a0}a\u{a0}' | trim }} {{ 5 | trim }}", "a 5"),
    (
        "{{ map | trim }}",
        "!expression-type the filter `trim` works on a string, not on a map",
    ),
    (
        "{{ 'a b+c' | urlencode | urldecode }} {{ nothing | urldecode }}|",
        "a b+c |",
    ),
    (
        "{{ '%ff' | urldecode }}",
        "!expression-type the text is not made of URL-encoded UTF-8",
    ),
    (
        "{{ '~!*()/' | urlencode }} {{ 5 | urlencode }} {{ '😀' | urlencode }}",
        "%7E%21*%28%29%2F 5 %F0%9F%98%80",
    ),
    ("{{ 'a-é-日' | split('-') | last }} {{ 5 | split('x') }}", "日 [\"5\"]"),
    (
        "{{ 'a' | split('-', 'x') }}",
        "!expression-argument the argument `limit` of the filter `split` must be a whole number, not a string",
    ),
    (
        "{{ 'ab' | regexExtract('(a)(x)?', 2) is null }} {{ 'é1' | regexExtract('[^0-9]') }}",
        "true é",
    ),
    (
        "{{ 'a' | regexExtract('a', 1) }}",
        "!expression-argument the argument `group` of the filter `regexExtract` is 1, but the expression has 0 groups",
    ),
    (
        "{{ 'ééé' | regexReplace('é', 'e') }} {{ 'a.b' | regexReplace('\\\\.', '\\\\\\\\') }}",
        "eee a\\b",
    ),
    (
        "{{ 'a' | regexReplace('a', '$9') }}",
        "!expression-argument the replacement `$9` names a group that the expression does not have",
    ),
    (
        "{{ 'a' | regexReplace('(?=a)', '') }}",
        "!expression-argument `(?=a)` is no regular expression: look-around, including look-ahead and look-behind, is not supported",
    ),
    (
        "{{ 'straße' | replace({'ß': 'ss', 'ss': 'S'}) }} {{ {'a': ['x']} | replace({'x': 'y'}) }}",
        "straSe {\"a\":[\"y\"]}",
    ),
    (
        "{{ 'Ça_va bien' | slugify }} {{ 'a--b__c' | slugify }} {{ 5 | slugify }}",
        "ca-va-bien a-b-c 5",
    ),
    (
        "{{ [1] | slugify }}",
        "!expression-type the filter `slugify` works on a string, not on a list",
    ),
    // Filters on collections and numbers.
    (
        "{{ 5 | distinct }}",
        "!expression-type the filter `distinct` works on a list, not on a number",
    ),
    (
        "{{ [[1], [1], {'a': 1}, {'a': 1}, null, null] | distinct }} {{ null | distinct }}|",
        r#"[[1],{"a":1},null] |"#,
    ),
    ("{{ ['é', 'e', 'é'] | uniq }}", r#"["é","e"]"#),
    (
        "{{ 'a' | uniq }}",
        "!expression-type the filter `uniq` works on a list, not on a string",
    ),
    ("{{ [[], [1, []], null] | flatten }}", "[1,[],null]"),
    (
        "{{ map | flatten }}",
        "!expression-type the filter `flatten` works on a list, not on a map",
    ),
    (
        "{{ {'é': 1, '': 2} | keys }} {{ [] | keys }} {{ {} | keys }}",
        r#"["é",""] [] []"#,
    ),
    (
        "{{ [1, 2] | rsort }} {{ null | rsort }}| {{ [true, 1, 'a'] | rsort }}",
        "[2,1] | [\"a\",1,true]",
    ),
    (
        "{{ 'a' | rsort }}",
        "!expression-type the filter `rsort` works on a list, not on a string",
    ),
    (
        "{{ 'abc' | sort }}",
        "!expression-type the filter `sort` works on a list, not on a string",
    ),
    (
        "{{ '日本語' | slice(1, 2) }} {{ [] | slice(0) }} {{ '' | slice }}|",
        "本 [] |",
    ),
    (
        "{{ -9223372036854775807 | abs }} {{ -0.0 | abs }}",
        "9223372036854775807 0.0",
    ),
    (
        "{{ (-9223372036854775807 - 1) | abs }}",
        "!expression-type the number is too large",
    ),
    ("{{ ' 1' | number }}", "!expression-type ` 1` is not a number"),
    ("{{ 'NaN' | number }}", "!expression-type `NaN` is not a number"),
    (
        "{{ '99999999999999999999' | number }} {{ '-0x1f' | number }} {{ 5 | number('DOUBLE') }}",
        "1.0E20 -31 5.0",
    ),
    (
        "{{ 0.005 | numberFormat('0.00') }} {{ -1234.5 | numberFormat('#,##0') }} {{ 1e3 | default(1) }}",
        "!expression-syntax expected an operator or `}}`, found `e3`",
    ),
    (
        "{{ -1234.5 | numberformat('#,##0.0') }} {{ null | numberformat }}|",
        "-1,234.5 |",
    ),
    (
        "{{ [] | numberformat }}",
        "!expression-type the filter `numberformat` works on a number, not on a list",
    ),
    (
        "{{ {'a': null} | toJson }} {{ '\u{1}\u{7f}' | toJson }} {{ 1.0 / [0] | toJson }}",
        "!expression-type cannot calculate number / string",
    ),
    (
        "{{ (1.0 / 0) | toJson }} {{ [[]] | toJson }} {{ '😀\\\\' | toJson }}",
        r#"null [[]] "😀\\""#,
    ),
    ("{{ nope | json }}", "!undefined-variable `nope` is not defined"),
    (
        "{{ {'n': 1.5, 'd': execution.startDate} | json }}",
        r#"{"n":1.5,"d":"2026-01-21T10:00:00Z"}"#,
    ),
    ("{{ nope | yaml }}", "!undefined-variable `nope` is not defined"),
    (
        "{{ ['- a', 'b: c', '', '1', 'é', 'yes'] | yaml }}",
        " - \"- a\"\n - \"b: c\"\n - \"\"\n - \"1\"\n - é\n - \"yes\"\n",
    ),
    (
        "{{ '1969-12-31T23:59:59.5Z' | timestampMilli }} {{ nothing | timestampMilli }}|",
        "-500 |",
    ),
    (
        "{{ 1 | timestampMicro }} {{ '05.07.2026' | timestampMicro(existingFormat='dd.MM.yyyy') }}",
        "1000000 1783209600000000",
    ),
    (
        "{{ 1 | timestampNano }} {{ '2500-01-01' | timestampNano }}",
        "!expression-type the number is too large",
    ),
    ("{{ map | timestampNano }}", "!expression-type a map is no date"),
    // Functions.
    (
        "{{ dayOfMonth(null) }}",
        "!expression-argument the function `dayOfMonth` needs the argument `date`, which is null",
    ),
    (
        "{{ dayOfMonth('2024-02-29') }} {{ dayOfMonth('2025-01-31T23:59:59-05:00') }}",
        "29 31",
    ),
    (
        "{{ dayOfWeek('2024-02-30') }}",
        "!expression-type cannot read `2024-02-30` as a date",
    ),
    (
        "{{ dayOfWeek(execution.startDate) }} {{ dayOfWeek(0) }}",
        "WEDNESDAY THURSDAY",
    ),
    (
        "{{ monthOfYear(execution.startDate) }} {{ monthOfYear('2025-07-05T10:00:00') }}",
        "1 7",
    ),
    ("{{ monthOfYear([1]) }}", "!expression-type a list is no date"),
    (
        "{{ isDateBefore(execution.startDate, now()) }} {{ isDateBefore('2025-01-01', '2025-01-01') }}",
        "true false",
    ),
    (
        "{{ isDateBefore('2025-01-01', 'x') }}",
        "!expression-type cannot read `x` as a date",
    ),
    (
        "{{ isDateBetween(now(), execution.startDate, '2027-01-01') }} {{ isDateBetween('2025-01-03', after='2025-01-01', before='2025-01-03') }}",
        "true false",
    ),
    (
        "{{ isDateBetween('2025-01-03', '2025-01-01') }}",
        "!missing-argument the function `isDateBetween` needs the argument `before`",
    ),
    ("{{ isDateAfter(now(), execution.startDate) }}", "true"),
    (
        "{{ isWeekend(0) }} {{ isWeekend('2025-01-04T23:59:59+14:00') }}",
        "false true",
    ),
    (
        "{{ isDayWeekInMonth('2025-01-29', 'wednesday', position='last') }} {{ isDayWeekInMonth('2025-01-29', 'WEDNESDAY', 'FOURTH') }}",
        "true false",
    ),
    ("{{ min('b', 'a') }} {{ min(1, 0.5, null) }}", "a 0.5"),
    (
        "{{ min([1], 2) }}",
        "!expression-type cannot compare a list with a number",
    ),
    (
        "{{ uuid() | regexMatch('^[0-9a-f-]{36}$') }} {{ uuid() | slice(14, 15) }}",
        "true 7",
    ),
    (
        "{{ id(1) }}",
        "!expression-argument the function `id` takes no arguments",
    ),
    (
        "{{ id() == id() }} {{ ksuid() == ksuid() }} {{ nanoId() == nanoId() }}",
        "false false false",
    ),
    (
        "{{ ksuid(5) }}",
        "!expression-argument the function `ksuid` takes no arguments",
    ),
    (
        "{{ nanoId(100000) }}",
        "!expression-argument the argument `length` of the function `nanoId` must be at most 1000, and is 100000",
    ),
    (
        "{{ json('nope') }}",
        "!expression-type `json` was given no JSON: expected ident at line 1 column 2",
    ),
    (
        "{{ json('9223372036854775808') }} {{ fromJson('1e400') }}",
        "!expression-type `fromJson` was given no JSON: number out of range at line 1 column 5",
    ),
    (
        "{{ yaml(5) }}",
        "!expression-argument the argument `yaml` of the function `yaml` must be a string, not a number",
    ),
    (
        "{{ render(null) }}",
        "!expression-argument the function `render` needs the argument `template`, which is null",
    ),
    (
        "{{ renderOnce(5) }}",
        "!expression-argument the argument `template` of the function `renderOnce` must be a string, a list or a map, not a number",
    ),
    (
        "{{ errorLogs() | length }} {{ (errorLogs() | first).message }}",
        "2 first",
    ),
    (
        "{{ env(nothing) }}",
        "!expression-argument the function `env` needs the argument `name`, which is null",
    ),
    (
        "{{ fileExists('') }}",
        "!expression-argument the argument `path` of the function `fileExists` is empty",
    ),
    (
        "{{ fileExists(['a']) }}",
        "!expression-argument the argument `path` of the function `fileExists` must be a string, not a list",
    ),
    ("{{ isFileEmpty('none') }}", "!not-found the file `none` does not exist"),
    (
        "{{ read('binary') }}",
        "!expression-type the file `binary` is not UTF-8 text",
    ),
    (
        "{{ read('huge') }}",
        "!expression-limit the file `huge` has more than 16777216 bytes",
    ),
    (
        "{{ secret(5) }}",
        "!expression-argument the argument `key` of the function `secret` must be a string, not a number",
    ),
    ("{{ kv(nope) }}", "!undefined-variable `nope` is not defined"),
    (
        "{{ currentEachOutput({'a': 1}) }}",
        "!not-found there are no outputs for the value `b`",
    ),
    ("{{ (tasksWithState('Failed') | first).taskId }}", "b"),
    (
        "{{ tasksWithState(1) }}",
        "!expression-argument the argument `state` of the function `tasksWithState` must be a string, not a number",
    ),
    (
        "{{ now('iso_sec') }} {{ now(timeZone='Asia/Tokyo') }}",
        "2026-02-03T04:05:06Z 2026-02-03T13:05:06.789000+09:00",
    ),
    (
        "{{ now(timeZone='Nowhere/Land') }}",
        "!expression-argument unknown time zone `Nowhere/Land`",
    ),
    (
        "{{ randomInt('a', 2) }}",
        "!expression-argument the argument `lower` of the function `randomInt` must be a whole number, not a string",
    ),
    (
        "{{ range(1, 1000000) }}",
        "!expression-limit the range has more than 100000 elements",
    ),
    ("{{ max([2], [1, 9]) }} {{ max(null, null) is null }}", "[2] true"),
    // Tests and tags.
    ("{{ execution is map }} {{ '{}' is map }}", "true false"),
    (
        "{{ range(1, 2) is iterable }} {{ 5 is iterable }} {{ 'x' is not iterable }}",
        "true false true",
    ),
    ("{% verbatim %}{% for %}{{ {% endverbatim %}", "{% for %}{{ "),
    (
        "{% verbatim %}a",
        "!expression-syntax `{% verbatim %}` is not closed by `{% endverbatim %}`",
    ),
    ("{% filter base64encode %}{{ 'é' }}{% endfilter %}", "w6k="),
    (
        "{% filter join %}a{% endfilter %}",
        "!expression-type the filter `join` works on a list, not on a string",
    ),
    (
        "{% block x %}a{% endblock x %}{{ block('x') | upper }}{{ block(name='x') }}",
        "aAa",
    ),
];

//! Functions, but for those on dates.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    (
        "{{ max(1, 5, 3) }} {{ max(1, 2.5) }} {{ max('a', 'c', 'b') }} {{ max(5) }}",
        "5 2.5 c 5",
    ),
    ("{{ min(1, 5, -3) }} {{ min(null, 2) }} {{ min() }}|", "-3 2 |"),
    (
        "{{ max(1, 'a') }}",
        "!expression-type cannot compare a number with a string",
    ),
    (
        "{{ range(1, 5) }} {{ range(0, 10, 5) }} {{ range(5, 1, -2) }} {{ range('a', 'c') | join }}",
        "[1,2,3,4,5] [0,5,10] [5,3,1] abc",
    ),
    (
        "{{ range(start=1, end=2, increment=1) }} {{ range(1, 5, -1) }}",
        "[1,2] []",
    ),
    (
        "{{ range(1, 5, 0) }}",
        "!expression-argument the step of a range cannot be zero",
    ),
    (
        "{{ range(1) }}",
        "!missing-argument the function `range` needs the argument `end`",
    ),
    ("{{ uuid() | length }} {{ uuid() != uuid() }}", "36 true"),
    (
        "{{ id() | regexMatch('^[0-9a-z]{26}$') }} {{ id() | slugify | length }}",
        "true 26",
    ),
    ("{{ ksuid() | regexMatch('^[0-9A-Za-z]{27}$') }}", "true"),
    (
        "{{ nanoId() | length }} {{ nanoId(5) | length }} {{ nanoId(length=4, alphabet='z') }}",
        "21 5 zzzz",
    ),
    (
        "{{ nanoId(-1) }}",
        "!expression-argument the argument `length` of the function `nanoId` cannot be negative, and is -1",
    ),
    (
        "{{ nanoId(5, '') }}",
        "!expression-argument the argument `alphabet` of the function `nanoId` is empty",
    ),
    (
        "{{ randomInt(1, 1) }} {{ randomInt(lower=5, upper=6) }} {{ randomInt(0, 10) < 10 }}",
        "1 5 true",
    ),
    (
        "{{ randomInt(10, 1) }}",
        "!expression-argument the argument `upper` of the function `randomInt` must not be below 10, and is 1",
    ),
    (
        "{{ randomInt(1) }}",
        "!missing-argument the function `randomInt` needs the argument `upper`",
    ),
    // Reading.
    (
        "{{ fromJson('{\"a\": [1, {\"b\": null}]}').a[1] }} {{ fromJson('[1, 2, 3]')[0] }} {{ fromJson('\"x\"') }} {{ fromJson(null) is null }}",
        r#"{"b":null} 1 x true"#,
    ),
    ("{{ json('[1.0, true]') }} {{ json('{}') is empty }}", "[1.0,true] true"),
    (
        "{{ fromJson('{a: 1}') }}",
        "!expression-type `fromJson` was given no JSON: key must be a string at line 1 column 2",
    ),
    (
        "{{ fromJson() }}",
        "!missing-argument the function `fromJson` needs the argument `json`",
    ),
    (
        "{{ fromJson(map) }}",
        "!expression-argument the argument `json` of the function `fromJson` must be a string, not a map",
    ),
    (
        "{{ yaml('foo: [666, 1, 2]').foo[0] }} {{ yaml('foo: bar') }} {{ yaml('- 1\n- x') }}",
        r#"666 {"foo":"bar"} [1,"x"]"#,
    ),
    (
        "{{ yaml('a: &x [1]\nb: *x') }} {{ yaml('k: \"1\"') }} {{ yaml(null) is null }}",
        r#"{"a":[1],"b":[1]} {"k":"1"} true"#,
    ),
    (
        "{{ yaml('a: b: c') }}",
        "!expression-type `yaml` was given no YAML: mapping values are not allowed in this context at line 1 column 5",
    ),
    (
        "{% set second = '{' ~ '{ name }' ~ '}' %}{{ second }} {{ render(second) }} {{ render(template=second, recursive=false) }}",
        "{{ name }} World World",
    ),
    (
        "{% set second = '{' ~ '{ name }' ~ '}' %}{% set third = '{' ~ '{ second }' ~ '}' %}{{ render(third) }} {{ render(third, recursive=false) }}",
        "World {{ name }}",
    ),
    (
        "{% set second = '{' ~ '{ name }' ~ '}' %}{% set third = '{' ~ '{ second }' ~ '}' %}{{ renderOnce(third) }} {{ renderOnce('plain') }}",
        "{{ name }} plain",
    ),
    (
        "{% set third = '{' ~ '{ name }' ~ '}' %}{{ render({'third': third, 'n': 1}) }} {{ render([third]) }} {{ renderOnce([third]) }}",
        r#"{"third":"World","n":1} ["World"] ["World"]"#,
    ),
    (
        "{% set loop1 = '{' ~ '{ render(loop1) }' ~ '}' %}{{ renderOnce(template='x') }}",
        "x",
    ),
    (
        "{{ render('{' ~ '{ nope }' ~ '}') }}",
        "!undefined-variable in the template `{{ nope }}`: `nope` is not defined",
    ),
    (
        "{{ render() }}",
        "!missing-argument the function `render` needs the argument `template`",
    ),
    // The catalog.
    (
        "{{ [((assets(type='io.kestra.plugin.ee.assets.VM.IP') | jq('.[] | select(.metadata.attached_to == \"' ~ inputs.target_vm ~ '\")')) | first).id] }}",
        r#"["ip-1"]"#,
    ),
    (
        "{{ assets() | length }} {{ assets(id='vm-1') | jq('.[].displayName') | first }} {{ assets(namespace='other') | jq('.[].id') }}",
        r#"3 A machine ["stranger"]"#,
    ),
    (
        "{{ assets(metadata={'attached_to': 'vm-9'}) | jq('.[].id') }} {{ assets(type='Nope') }}",
        r#"["ip-2"] []"#,
    ),
    (
        "{{ assets(kind='x') }}",
        "!unknown-argument the function `assets` has no argument `kind`",
    ),
    // The surroundings.
    (
        "{{ env('api_host') }} {{ env('api' ~ '_host', 'x') }} {{ env('unset', 'localhost') }} {{ env('blank', default='d') }} {{ env('unset') is null }}",
        "example.org example.org localhost d true",
    ),
    (
        "{{ env('HOME') }}",
        "!not-granted the environment variable `HOME` is not granted",
    ),
    (
        "{{ env() }}",
        "!missing-argument the function `env` needs the argument `name`",
    ),
    (
        "{{ secret('TOKEN') }} {{ secret('TOKEN', namespace='other') }} {{ secret('DB', subkey='password') }}",
        "company:t0ken other:t0ken pass word",
    ),
    (
        "{{ secret('NONE') }}",
        "!not-found there is no secret `NONE` in the namespace `company`",
    ),
    (
        "{{ secret('DB', subkey='nope') }}",
        "!not-found the secret `DB` has no subkey `nope`",
    ),
    (
        "{{ kv('my-key') }} {{ kv('where', 'other') }} {{ kv('where', namespace='kv') }}",
        r#"{"field":"value"} other kv"#,
    ),
    (
        "{{ kv('none', errorOnMissing=false) }}|{{ kv('none', 'x', false) ?? 'd' }}",
        "|d",
    ),
    (
        "{{ kv('none') }}",
        "!not-found the key `none` does not exist in the namespace `company`",
    ),
    (
        "{{ kv('none', errorOnMissing=true) }}",
        "!not-found the key `none` does not exist in the namespace `company`",
    ),
    ("{{ read('greeting.txt') }} {{ read(path='empty') }}|", "Héllo |"),
    (
        "{{ read('/etc/passwd') }}",
        "!not-granted the file `/etc/passwd` is not granted",
    ),
    ("{{ read('none') }}", "!not-found the file `none` does not exist"),
    (
        "{{ fileExists('greeting.txt') }} {{ fileExists('none') }} {{ not fileExists('none') }}",
        "true false true",
    ),
    ("{{ fileSize('greeting.txt') }} {{ fileSize('empty') }}", "6 0"),
    (
        "{{ isFileEmpty('empty') }} {{ isFileEmpty('greeting.txt') }}",
        "true false",
    ),
    ("{{ fileSize('none') }}", "!not-found the file `none` does not exist"),
    (
        "{{ isFileEmpty() }}",
        "!missing-argument the function `isFileEmpty` needs the argument `path`",
    ),
    (
        "{% for log in errorLogs() %}{{ log.level }} {{ log.message }};{% endfor %}",
        "ERROR first;ERROR second;",
    ),
    (
        "{{ errorLogs(1) }}",
        "!expression-argument the function `errorLogs` takes no arguments",
    ),
    // The execution.
    (
        "{{ currentEachOutput(outputs.make).data }} {{ currentEachOutput(outputs=outputs.make) }}",
        r#"2 {"data":2}"#,
    ),
    (
        "{{ currentEachOutput(1) }}",
        "!expression-argument the argument `outputs` of the function `currentEachOutput` must be a map, not a number",
    ),
    (
        "{{ tasksWithState('FAILED') }} {{ tasksWithState('killed') }}",
        r#"[{"taskId":"b","state":"FAILED"}] []"#,
    ),
    (
        "{{ tasksWithState() }}",
        "!missing-argument the function `tasksWithState` needs the argument `state`",
    ),
    // Names that are not known, and arguments.
    ("{{ nope() }}", "!unknown-function unknown function `nope`"),
    ("{{ http('x') }}", "!unknown-function unknown function `http`"),
    ("{{ fromIon('x') }}", "!unknown-function unknown function `fromIon`"),
    ("{{ 1 | nope }}", "!unknown-filter unknown filter `nope`"),
    ("{{ map | toIon }}", "!unknown-filter unknown filter `toIon`"),
    ("{{ upper('a') }}", "!unknown-function unknown function `upper`"),
    ("{{ 'a' | now }}", "!unknown-filter unknown filter `now`"),
    (
        "{{ now(existingFormat='x', 'y') }}",
        "!expression-syntax an argument without a name cannot follow one with a name",
    ),
    (
        "{{ uuid(1) }}",
        "!expression-argument the function `uuid` takes no arguments",
    ),
    (
        "{{ range(1, start=2, end=3) }}",
        "!expression-argument the argument `start` is given twice",
    ),
];

//! Filters and functions on dates. The checks' clock stands at 2026-02-03T04:05:06.789Z, in UTC.

use super::Example;

pub(super) static EXAMPLES: &[Example] = &[
    (
        "{{ '2013-09-08T16:19:12.123456+01:00' | date(format='iso', timeZone='Europe/Paris') }}",
        "2013-09-08T17:19:12.123456+02:00",
    ),
    (
        "{{ '2013-09-08T16:19:12+01:00' | date('iso_sec', timeZone='Europe/Paris') }}",
        "2013-09-08T17:19:12+02:00",
    ),
    (
        "{{ '2013-09-08T16:19:12.123456' | date(format=\"yyyy-MM-dd HH:mm:ss.SSSSSSXXX\", timeZone=\"Europe/Paris\") }}",
        "2013-09-08 16:19:12.123456+02:00",
    ),
    (
        "{{ '2013-09-08T16:19:12.123456' | date(format=\"yyyy-MM-dd HH:mm:ss.SSSSSSXXX\", timeZone=\"UTC\") }}",
        "2013-09-08 16:19:12.123456Z",
    ),
    (
        "{{ \"July 24, 2001\" | date(\"yyyy-MM-dd\", existingFormat=\"MMMM dd, yyyy\") }}",
        "2001-07-24",
    ),
    (
        "{{ \"2013-09-08T17:19:12+02:00\" | date(timeZone=\"Europe/Paris\") }}",
        "2013-09-08T17:19:12.000000+02:00",
    ),
    (
        "{{ \"2013-09-08T17:19:12\" | date(timeZone=\"Europe/Paris\") }}",
        "2013-09-08T17:19:12.000000+02:00",
    ),
    (
        "{{ \"2013-09-08\" | date(timeZone=\"Europe/Paris\") }}",
        "2013-09-08T00:00:00.000000+02:00",
    ),
    (
        "{{ 'Tue, 08 Feb 2022 19:38:26 GMT' | date(existingFormat='rfc_1123_date_time', timeZone=\"Europe/Paris\") }}",
        "2022-02-08T20:38:26.000000+01:00",
    ),
    (
        "{{ execution.startDate | date }} {{ null | date('yyyy') }}|",
        "2026-01-21T10:00:00.000000Z |",
    ),
    (
        "{{ execution.startDate | date('sql') }} {{ execution.startDate | date('sql_seq') }}",
        "2026-01-21 10:00:00.000000 2026-01-21 10:00:00",
    ),
    (
        "{{ execution.startDate | date('iso_date_time', 'Europe/Paris') }} {{ execution.startDate | date('iso_zoned_date_time', 'UTC') }}",
        "2026-01-21T11:00:00+01:00[Europe/Paris] 2026-01-21T10:00:00Z[UTC]",
    ),
    (
        "{{ execution.startDate | date('iso_date') }} {{ execution.startDate | date('iso_time') }} {{ execution.startDate | date('iso_local_date') }}",
        "2026-01-21Z 10:00:00Z 2026-01-21",
    ),
    (
        "{{ execution.startDate | date('iso_instant', 'Europe/Paris') }} {{ execution.startDate | date('iso_local_date_time') }} {{ execution.startDate | date('iso_local_time') }}",
        "2026-01-21T10:00:00Z 2026-01-21T10:00:00 10:00:00",
    ),
    (
        "{{ execution.startDate | date('iso_offset_time') }} {{ execution.startDate | date('iso_ordinal_date') }} {{ execution.startDate | date('iso_week_date') }}",
        "10:00:00Z 2026-021Z 2026-W04-3Z",
    ),
    (
        "{{ execution.startDate | date('rfc_1123_date_time') }} {{ execution.startDate | date('iso_offset_date_time', '+05:30') }}",
        "Wed, 21 Jan 2026 10:00:00 GMT 2026-01-21T15:30:00+05:30",
    ),
    (
        "{{ execution.startDate | date(\"EEEE d MMMM yyyy, h 'o''clock' a\") }} {{ execution.startDate | date('DDD QQQ') }}",
        "Wednesday 21 January 2026, 10 o'clock AM 021 Q1",
    ),
    (
        "{{ 1378653552 | date }} {{ -1 | date('iso_sec') }}",
        "2013-09-08T15:19:12.000000Z 1969-12-31T23:59:59Z",
    ),
    ("{{ execution.startDate | date('EEE', locale='en_US') }}", "Wed"),
    (
        "{{ execution.startDate | date(locale='fr') }}",
        "!expression-argument dates are written in English only, not in `fr`",
    ),
    ("{{ 'soon' | date }}", "!expression-type cannot read `soon` as a date"),
    (
        "{{ '2026-02-30' | date }}",
        "!expression-type cannot read `2026-02-30` as a date",
    ),
    ("{{ true | date }}", "!expression-type a boolean is no date"),
    (
        "{{ execution.startDate | date('bad format') }}",
        "!expression-argument `bad format` is no format of a date: `b` is not supported",
    ),
    (
        "{{ execution.startDate | date(timeZone='Mars') }}",
        "!expression-argument unknown time zone `Mars`",
    ),
    (
        "{{ '2026' | date('yyyy', existingFormat='dd.MM') }}",
        "!expression-type `2026` is not written in the format that `existingFormat` says",
    ),
    (
        "{{ '2013-09-08T16:19:12.123456+01:00' | dateAdd(-1,\"DAYS\",timeZone=\"Europe/Paris\")}}",
        "2013-09-07T17:19:12.123456+02:00",
    ),
    (
        "{{ '2024-02-29' | dateAdd(1, 'YEARS', 'iso_local_date') }} {{ '2026-01-31' | dateAdd(1, 'MONTHS', 'iso_local_date') }} {{ '2026-01-31' | dateAdd(amount=2, unit='WEEKS', format='dd.MM.') }}",
        "2025-02-28 2026-02-28 14.02.",
    ),
    (
        "{{ '2026-03-28T12:00:00' | dateAdd(1, 'DAYS', 'iso_sec', 'Europe/Paris') }} {{ '2026-03-28T12:00:00' | dateAdd(24, 'HOURS', 'iso_sec', 'Europe/Paris') }}",
        "2026-03-29T12:00:00+02:00 2026-03-29T13:00:00+02:00",
    ),
    ("{{ null | dateAdd(1, 'DAYS') }}|", "|"),
    (
        "{{ '2026-01-31' | dateAdd(1) }}",
        "!missing-argument the filter `dateAdd` needs the argument `unit`",
    ),
    (
        "{{ '2026-01-31' | dateAdd(1, 'DAY') }}",
        "!expression-argument unknown unit of time `DAY`",
    ),
    (
        "{{ '2013-09-08T16:19:12.123456+01:00' | timestamp(timeZone=\"Europe/Paris\") }}",
        "1378653552",
    ),
    (
        "{{ '2013-09-08T16:19:12.123456+01:00' | timestampMilli }} {{ '2013-09-08T16:19:12.123456+01:00' | timestampMicro }} {{ '2013-09-08T16:19:12.123456+01:00' | timestampNano }}",
        "1378653552123 1378653552123456 1378653552123456000",
    ),
    (
        "{{ (execution.startDate | timestamp) > (execution.startDate | dateAdd(-1, 'DAYS') | timestamp) }} {{ null | timestamp }}|",
        "true |",
    ),
    ("{{ 'x' | timestamp }}", "!expression-type cannot read `x` as a date"),
    (
        "{{ now() }} {{ now(timeZone='Europe/Lisbon') }} {{ now(format='iso_local_date') }}",
        "2026-02-03T04:05:06.789000Z 2026-02-03T04:05:06.789000Z 2026-02-03",
    ),
    (
        "{{ now() | dateAdd(-1, 'DAYS', 'iso_local_date') }} {{ now('HH:mm', '+02:00') }}",
        "2026-02-02 06:05",
    ),
    (
        "{{ dayOfWeek('2025-01-06') }} {{ dayOfWeek('2025-01-05T23:00:00+02:00') }}",
        "MONDAY SUNDAY",
    ),
    (
        "{{ dayOfMonth('2025-01-31') }} {{ dayOfMonth(execution.startDate) }} {{ monthOfYear('2025-12-01') }}",
        "31 21 12",
    ),
    (
        "{{ hourOfDay('2025-01-06T14:30:00Z') }} {{ hourOfDay('2025-01-06T14:30:00+05:30') }}",
        "14 14",
    ),
    (
        "{{ hourOfDay('2025-01-06') }}",
        "!expression-argument the argument `date` of the function `hourOfDay` has no time",
    ),
    (
        "{{ isWeekend('2025-01-04') }} {{ isWeekend('2025-01-06') }} {{ isWeekend('2025-01-05T10:00:00Z') }}",
        "true false true",
    ),
    (
        "{{ isWeekend('nope') }}",
        "!expression-type cannot read `nope` as a date",
    ),
    (
        "{{ isDateAfter('2025-01-02', '2025-01-01') }} {{ isDateAfter('2025-01-01', '2025-01-01') }} {{ isDateAfter('2025-01-01T00:00:00+02:00', '2025-01-01T00:00:00Z') }}",
        "true false false",
    ),
    (
        "{{ isDateBefore('2025-01-01', '2025-01-02') }} {{ isDateBefore('2025-01-02', '2025-01-01') }}",
        "true false",
    ),
    (
        "{{ isDateBetween('2025-01-02', '2025-01-01', '2025-01-03') }} {{ isDateBetween('2025-01-01', '2025-01-01', '2025-01-03') }}",
        "true false",
    ),
    (
        "{{ isDateAfter('2025-01-02') }}",
        "!missing-argument the function `isDateAfter` needs the argument `reference`",
    ),
    (
        "{{ isDayWeekInMonth('2025-01-06', 'MONDAY', 'FIRST') }} {{ isDayWeekInMonth('2025-01-27', 'MONDAY', 'LAST') }} {{ isDayWeekInMonth('2025-01-13', 'MONDAY', 'FIRST') }}",
        "true true false",
    ),
    (
        "{{ isDayWeekInMonth('2025-01-06', 'FUNDAY', 'FIRST') }}",
        "!expression-argument the argument `dayOfWeek` of the function `isDayWeekInMonth` names days such as `MONDAY`, not `FUNDAY`",
    ),
    (
        "{{ isLastWorkingDay('2025-11-28') }} {{ isLastWorkingDay('2025-11-29') }} {{ isLastWorkingDay('2025-11-30') }} {{ isLastWorkingDay('2025-01-31') }} {{ isLastWorkingDay('2025-01-30') }}",
        "true false false true false",
    ),
    (
        "{{ isLastWorkingDay('2025-01-31T09:00:00+05:30') }} {{ isLastWorkingDay('2025-01-30', 'MONDAY,TUESDAY,WEDNESDAY,THURSDAY') }} {{ isLastWorkingDay('2025-01-31', 'MONDAY,TUESDAY,WEDNESDAY,THURSDAY') }}",
        "true true false",
    ),
    (
        "{{ isLastWorkingDay('2025-01-31', 'MONDAY,BLURSDAY') }}",
        "!expression-argument the argument `workingDays` of the function `isLastWorkingDay` names days such as `MONDAY`, not `BLURSDAY`",
    ),
    (
        "{{ isLastWorkingDay() }}",
        "!missing-argument the function `isLastWorkingDay` needs the argument `date`",
    ),
    (
        "{{ isPublicHoliday('2025-12-25', 'FR') }}",
        "!unknown-function unknown function `isPublicHoliday`",
    ),
];

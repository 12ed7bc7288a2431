//! Filters on dates.

use jiff::{Span, ZonedDateTime};

use super::{Filter, Literals, checked, filter};
use crate::expr::dates::{Pattern, time_zone, to_zoned};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::signature::{Given, Parameter, optional, required};
use crate::expr::value::Value;
use crate::model::closest;

const FORMAT: &[Parameter] = &[
    optional("format"),
    optional("timeZone"),
    optional("existingFormat"),
    optional("locale"),
];
const ADD: &[Parameter] = &[
    required("amount"),
    required("unit"),
    optional("format"),
    optional("timeZone"),
    optional("existingFormat"),
    optional("locale"),
];
const EPOCH: &[Parameter] = &[optional("timeZone"), optional("existingFormat")];

pub(super) static FILTERS: &[Filter] = &[
    checked(
        filter(
            "date",
            FORMAT,
            "the date in a format: a name such as `iso`, or a Java pattern",
            |v, g, h| format(v, g, h, 0),
        ),
        |l| check_format(l, 0),
    ),
    checked(
        filter("dateAdd", ADD, "the date so many units later, in a format", add),
        |literal| check_unit(literal).and_then(|()| check_format(literal, 2)),
    ),
    checked(
        filter("timestamp", EPOCH, "seconds since 1970", |v, g, h| {
            since_epoch(v, g, h, 1_000_000_000)
        }),
        check_reading,
    ),
    checked(
        filter("timestampMilli", EPOCH, "milliseconds since 1970", |v, g, h| {
            since_epoch(v, g, h, 1_000_000)
        }),
        check_reading,
    ),
    checked(
        filter("timestampMicro", EPOCH, "microseconds since 1970", |v, g, h| {
            since_epoch(v, g, h, 1_000)
        }),
        check_reading,
    ),
    checked(
        filter("timestampNano", EPOCH, "nanoseconds since 1970", |v, g, h| {
            since_epoch(v, g, h, 1)
        }),
        check_reading,
    ),
];

const UNITS: [&str; 14] = [
    "NANOS",
    "MICROS",
    "MILLIS",
    "SECONDS",
    "MINUTES",
    "HOURS",
    "HALF_DAYS",
    "DAYS",
    "WEEKS",
    "MONTHS",
    "YEARS",
    "DECADES",
    "CENTURIES",
    "MILLENNIA",
];

/// Finds what is wrong with a literal format, time zone, existing format or locale, the first of them at `start`.
pub(in crate::expr) fn check_format(literal: Literals<'_>, start: usize) -> Result<(), (usize, Problem)> {
    let check = |offset: usize, check: fn(&str) -> Result<(), Problem>| {
        let text = literal(start + offset).and_then(Value::as_str);
        text.map_or(Ok(()), check).map_err(|problem| (start + offset, problem))
    };
    let is_pattern = |text: &str| Pattern::new(text).map(|_| ());
    check(0, is_pattern)?;
    check(1, |text| time_zone(text).map(|_| ()))?;
    check(2, is_pattern)?;
    check(3, check_locale)
}

/// Finds what is wrong with a literal time zone or existing format of a filter that reads dates only.
fn check_reading(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    check_format(&|position| literal(position.checked_sub(1)?), 0)
}

fn check_locale(locale: &str) -> Result<(), Problem> {
    if locale == "en" || locale.starts_with("en_") || locale.starts_with("en-") {
        return Ok(());
    }
    Err(Problem::wrong_argument(format!(
        "dates are written in English only, not in `{locale}`"
    )))
}

/// Reads the date that stands before the filter. The time zone and the existing format are at these positions.
fn date_of(
    value: &Value,
    given: &Given,
    host: &Host<'_>,
    zone: usize,
    existing: usize,
) -> Result<ZonedDateTime, Problem> {
    let zone = given
        .text(zone)?
        .map_or_else(|| Ok(host.scope.time_zone().clone()), time_zone)?;
    let existing = given.text(existing)?.map(Pattern::new).transpose()?;
    to_zoned(value, &zone, existing.as_ref())
}

/// Writes a date with the arguments of `date`, the first of them at `start`.
pub(in crate::expr) fn format(value: Value, given: &Given, host: &Host<'_>, start: usize) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    given.text(start + 3)?.map_or(Ok(()), check_locale)?;
    let pattern = Pattern::new(given.text(start)?.unwrap_or("iso"))?;
    let date = date_of(&value, given, host, start + 1, start + 2)?;
    Ok(Value::from(pattern.write(&date)))
}

fn check_unit(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    match literal(1).and_then(Value::as_str) {
        Some(unit) if !UNITS.contains(&unit) => Err((1, unknown_unit(unit))),
        _ => Ok(()),
    }
}

fn unknown_unit(unit: &str) -> Problem {
    let problem = Problem::wrong_argument(format!("unknown unit of time `{unit}`"));
    match closest(unit, UNITS) {
        Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
        None => problem.with_hint("write one of `SECONDS`, `MINUTES`, `HOURS`, `DAYS`, `WEEKS`, `MONTHS`, `YEARS`"),
    }
}

fn span(amount: i64, unit: &str) -> Result<Span, Problem> {
    let span = Span::new();
    let times = |factor: i64| amount.checked_mul(factor).unwrap_or(i64::MAX);
    let span = match unit {
        "NANOS" => span.try_nanoseconds(amount),
        "MICROS" => span.try_microseconds(amount),
        "MILLIS" => span.try_milliseconds(amount),
        "SECONDS" => span.try_seconds(amount),
        "MINUTES" => span.try_minutes(amount),
        "HOURS" => span.try_hours(amount),
        "HALF_DAYS" => span.try_hours(times(12)),
        "DAYS" => span.try_days(amount),
        "WEEKS" => span.try_weeks(amount),
        "MONTHS" => span.try_months(amount),
        "YEARS" => span.try_years(amount),
        "DECADES" => span.try_years(times(10)),
        "CENTURIES" => span.try_years(times(100)),
        "MILLENNIA" => span.try_years(times(1000)),
        other => return Err(unknown_unit(other)),
    };
    span.map_err(|_| too_far())
}

fn too_far() -> Problem {
    Problem::wrong_argument("the date lies outside the years -9999 to 9999")
}

fn add(value: Value, given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let span = span(given.need_integer(0)?, given.need_text(1)?)?;
    given.text(5)?.map_or(Ok(()), check_locale)?;
    let pattern = Pattern::new(given.text(2)?.unwrap_or("iso"))?;
    let date = date_of(&value, given, host, 3, 4)?;
    let later = date.checked_add(span).map_err(|_| too_far())?;
    Ok(Value::from(pattern.write(&later)))
}

fn since_epoch(value: Value, given: &Given, host: &Host<'_>, unit: i128) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let date = date_of(&value, given, host, 0, 1)?;
    let count = date.timestamp().as_nanosecond().div_euclid(unit);
    i64::try_from(count)
        .map(Value::Integer)
        .map_err(|_| Problem::wrong_type("the number is too large"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_hint, check_typed};

    #[test]
    fn dates_are_written_in_formats_and_zones() {
        check(
            "{{ execution.startDate | date }} {{ execution.startDate | date('yyyy-MM-dd') }}",
            "2026-01-21T10:00:00.000000Z 2026-01-21",
        );
        check(
            "{{ execution.startDate | date('iso_sec', timeZone='Europe/Paris') }}",
            "2026-01-21T11:00:00+01:00",
        );
        check(
            "{{ '2026-07-05T14:03:09+02:00' | date('HH:mm') }} {{ '2026-07-05' | date('EEEE') }} {{ 0 | date('sql_seq') }}",
            "12:03 Sunday 1970-01-01 00:00:00",
        );
        check(
            "{{ '05.07.2026' | date('yyyy-MM-dd', existingFormat='dd.MM.yyyy') }} {{ nothing | date }}|",
            "2026-07-05 |",
        );
        check("{{ execution.startDate | date('EEE', locale='en_US') }}", "Wed");
    }

    #[test]
    fn what_makes_no_date_is_refused() {
        check_error("{{ 'soon' | date }}", "expression-type", "cannot read `soon` as a date");
        check_error(
            "{{ nope | date('yyyy-qq') }}",
            "expression-argument",
            "`yyyy-qq` is no format of a date: `qq` is not supported",
        );
        check_error(
            "{{ nope | date(timeZone='Mars') }}",
            "expression-argument",
            "unknown time zone `Mars`",
        );
        check_error(
            "{{ nope | date(locale='fr') }}",
            "expression-argument",
            "dates are written in English only, not in `fr`",
        );
        check_error(
            "{{ 99999999999999 | date }}",
            "expression-type",
            "99999999999999 seconds since 1970 is no date",
        );
        check_error("{{ [1] | date }}", "expression-type", "a list is no date");
    }

    #[test]
    fn time_is_added_by_the_calendar() {
        check(
            "{{ '2026-01-31' | dateAdd(1, 'MONTHS', 'yyyy-MM-dd') }} {{ '2026-03-01' | dateAdd(-1, 'DAYS', format='yyyy-MM-dd') }}",
            "2026-02-28 2026-02-28",
        );
        check(
            "{{ execution.startDate | dateAdd(amount=90, unit='MINUTES') }} {{ execution.startDate | dateAdd(1, 'HALF_DAYS', 'HH') }}",
            "2026-01-21T11:30:00.000000Z 22",
        );
        check_error(
            "{{ nope | dateAdd(1, 'DAY') }}",
            "expression-argument",
            "unknown unit of time `DAY`",
        );
        check_hint("{{ nope | dateAdd(1, 'DAY') }}", "did you mean `DAYS`?");
        check_error(
            "{{ execution.startDate | dateAdd(99999999999, 'YEARS') }}",
            "expression-argument",
            "the date lies outside the years -9999 to 9999",
        );
        check_error(
            "{{ execution.startDate | dateAdd(9223372036854775807, 'MILLENNIA') }}",
            "expression-argument",
            "the date lies outside the years -9999 to 9999",
        );
    }

    #[test]
    fn dates_become_counts() {
        check_typed(
            "{{ ['1970-01-01T00:00:01.5Z' | timestamp, '1970-01-01T00:00:01.5Z' | timestampMilli, '1970-01-01T00:00:01.5Z' | timestampMicro, '1970-01-01T00:00:01.5Z' | timestampNano, '1969-12-31T23:59:59.5Z' | timestamp] }}",
            json!([1, 1500, 1_500_000, 1_500_000_000, -1]),
        );
        check("{{ '1970-01-02' | timestamp(timeZone='+01:00') }}", "82800");
        for name in ["timestamp", "timestampMilli", "timestampMicro", "timestampNano"] {
            let mars = format!("{{{{ nope | {name}(timeZone='Mars') }}}}");
            check_error(&mars, "expression-argument", "unknown time zone `Mars`");
            let format = format!("{{{{ nope | {name}('UTC', 'qq') }}}}");
            let message = "`qq` is no format of a date: `qq` is not supported";
            check_error(&format, "expression-argument", message);
        }
    }
}

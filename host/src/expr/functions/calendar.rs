//! The time it is, and questions about dates.

use jiff::civil::{Date, Weekday};

use super::{Function, function};
use crate::expr::dates::{day_name, is_bare_date, to_civil, to_instant};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::filters::{Literals, check_date_format, format_date};
use crate::expr::signature::{Given, Parameter, optional, required};
use crate::expr::value::Value;

const DATE: &[Parameter] = &[required("date")];
const AND_REFERENCE: &[Parameter] = &[required("date"), required("reference")];

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        check: Some(|literal| check_date_format(literal, 0)),
        ..function(
            "now",
            &[
                optional("format"),
                optional("timeZone"),
                optional("existingFormat"),
                optional("locale"),
            ],
            "the time it is, in a format",
            |given, host| format_date(Value::Instant(host.scope.now()), given, host, 0),
        )
    },
    dated(function(
        "dayOfWeek",
        DATE,
        "the day of the week, such as `MONDAY`",
        |given, host| Ok(Value::from(day_name(date(given, host)?.weekday()).to_uppercase())),
    )),
    dated(function(
        "dayOfMonth",
        DATE,
        "the day of the month, from 1",
        |given, host| Ok(Value::from(i64::from(date(given, host)?.day()))),
    )),
    dated(function("monthOfYear", DATE, "the month, from 1", |given, host| {
        Ok(Value::from(i64::from(date(given, host)?.month())))
    })),
    dated(function(
        "hourOfDay",
        DATE,
        "the hour, from 0, as it is written",
        hour_of_day,
    )),
    dated(function(
        "isWeekend",
        DATE,
        "whether it is a Saturday or a Sunday",
        |given, host| {
            Ok(Value::from(matches!(
                date(given, host)?.weekday(),
                Weekday::Saturday | Weekday::Sunday
            )))
        },
    )),
    comparing(function(
        "isDateBefore",
        AND_REFERENCE,
        "whether one date lies before another",
        |given, _| Ok(Value::from(instant(given, 0)? < instant(given, 1)?)),
    )),
    comparing(function(
        "isDateAfter",
        AND_REFERENCE,
        "whether one date lies after another",
        |given, _| Ok(Value::from(instant(given, 0)? > instant(given, 1)?)),
    )),
    comparing(function(
        "isDateBetween",
        &[required("date"), required("after"), required("before")],
        "whether a date lies between two others",
        |given, _| {
            Ok(Value::from(
                instant(given, 0)? > instant(given, 1)? && instant(given, 0)? < instant(given, 2)?,
            ))
        },
    )),
    Function {
        check: Some(check_place_in_month),
        ..function(
            "isDayWeekInMonth",
            &[required("date"), required("dayOfWeek"), required("position")],
            "whether it is the `FIRST`, `SECOND`, `THIRD`, `FOURTH` or `LAST` such day of its month",
            is_day_week_in_month,
        )
    },
    Function {
        check: Some(check_working_days),
        ..function(
            "isLastWorkingDay",
            &[required("date"), optional("workingDays")],
            "whether it is the last working day of its month",
            is_last_working_day,
        )
    },
];

/// The function, whose date is checked before anything runs where it is written out.
const fn dated(function: Function) -> Function {
    Function {
        check: Some(|literal| check_date(literal, 0)),
        ..function
    }
}

/// The function, all of whose arguments are dates and checked so.
const fn comparing(function: Function) -> Function {
    Function {
        check: Some(|literal| (0..3).try_for_each(|position| check_date(literal, position))),
        ..function
    }
}

fn check_date(literal: Literals<'_>, position: usize) -> Result<(), (usize, Problem)> {
    match literal(position).filter(|value| value.as_str().is_some()) {
        Some(text) => to_instant(text).map(drop).map_err(|problem| (position, problem)),
        None => Ok(()),
    }
}

fn date(given: &Given, host: &Host<'_>) -> Result<Date, Problem> {
    to_civil(given.need(0)?, host.scope.time_zone()).map(|time| time.date())
}

fn instant(given: &Given, position: usize) -> Result<crate::model::Timestamp, Problem> {
    to_instant(given.need(position)?)
}

fn hour_of_day(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let value = given.need(0)?;
    if is_bare_date(value) {
        return Err(given.wrong(0, "has no time"));
    }
    to_civil(value, host.scope.time_zone()).map(|time| Value::from(i64::from(time.hour())))
}

/// The day of a name; otherwise what is wrong with it.
fn weekday(name: &str) -> Result<Weekday, String> {
    let mut days = Weekday::Monday.cycle_forward().take(7);
    let day = days.find(|day| day_name(*day).eq_ignore_ascii_case(name));
    day.ok_or_else(|| format!("names days such as `MONDAY`, not `{name}`"))
}

/// The days in a list of names.
fn weekdays(names: &str) -> Result<Vec<Weekday>, String> {
    names
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|name| !name.is_empty())
        .map(weekday)
        .collect()
}

/// Which of the days of its kind in a month a day is.
#[derive(Clone, Copy)]
enum PlaceInMonth {
    Nth(i8),
    Last,
}

fn place_in_month(name: &str) -> Result<PlaceInMonth, String> {
    Ok(match name.to_uppercase().as_str() {
        "FIRST" => PlaceInMonth::Nth(0),
        "SECOND" => PlaceInMonth::Nth(1),
        "THIRD" => PlaceInMonth::Nth(2),
        "FOURTH" => PlaceInMonth::Nth(3),
        "LAST" => PlaceInMonth::Last,
        other => {
            return Err(format!(
                "must be `FIRST`, `SECOND`, `THIRD`, `FOURTH` or `LAST`, not `{other}`"
            ));
        }
    })
}

/// Checks a name that is written out with what reads it.
fn check_name<T>(
    literal: Literals<'_>,
    position: usize,
    callee: (&str, &str),
    read: fn(&str) -> Result<T, String>,
) -> Result<(), (usize, Problem)> {
    let Some(name) = literal(position).and_then(Value::as_str) else {
        return Ok(());
    };
    let (function, parameter) = callee;
    let problem = |what| {
        Problem::wrong_argument(format!(
            "the argument `{parameter}` of the function `{function}` {what}"
        ))
    };
    read(name).map(drop).map_err(|what| (position, problem(what)))
}

fn check_place_in_month(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    check_date(literal, 0)?;
    check_name(literal, 1, ("isDayWeekInMonth", "dayOfWeek"), weekday)?;
    check_name(literal, 2, ("isDayWeekInMonth", "position"), place_in_month)
}

fn check_working_days(literal: Literals<'_>) -> Result<(), (usize, Problem)> {
    check_date(literal, 0)?;
    check_name(literal, 1, ("isLastWorkingDay", "workingDays"), weekdays)
}

fn is_day_week_in_month(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let date = date(given, host)?;
    let day = weekday(given.need_text(1)?).map_err(|what| given.wrong(1, what))?;
    let place = place_in_month(given.need_text(2)?).map_err(|what| given.wrong(2, what))?;
    let is_there = match place {
        PlaceInMonth::Nth(weeks) => (date.day() - 1) / 7 == weeks,
        PlaceInMonth::Last => date.day() + 7 > date.days_in_month(),
    };
    Ok(Value::from(date.weekday() == day && is_there))
}

fn is_last_working_day(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let date = date(given, host)?;
    let names = given.text(1)?.unwrap_or("MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY");
    let working = weekdays(names).map_err(|what| given.wrong(1, what))?;
    let later = i64::from(date.days_in_month() - date.day());
    let is_free = |days: i64| {
        let day = date.weekday().wrapping_add(i32::try_from(days).unwrap_or(0));
        !working.contains(&day)
    };
    Ok(Value::from(!is_free(0) && (1..=later).all(is_free)))
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error};

    #[test]
    fn now_is_the_time_of_the_scope() {
        check(
            "{{ now() }} {{ now('yyyy') }} {{ now(format='HH:mm', timeZone='+02:00') }}",
            "2026-02-03T04:05:06.789000Z 2026 06:05",
        );
        check_error(
            "{{ now('bad!') }}",
            "expression-argument",
            "`bad!` is no format of a date: `b` is not supported",
        );
    }

    #[test]
    fn dates_have_days_months_and_hours() {
        check(
            "{{ dayOfWeek('2025-01-06T00:30:00+02:00') }} {{ dayOfMonth('2026-07-05') }} {{ monthOfYear('2026-07-05') }}",
            "MONDAY 5 7",
        );
        check(
            "{{ hourOfDay('2025-01-06T14:30:00+02:00') }} {{ hourOfDay('2025-01-06T09:00:00') }} {{ hourOfDay(execution.startDate) }}",
            "14 9 10",
        );
        check(
            "{{ isWeekend('2026-07-05') }} {{ isWeekend('2026-07-06') }}",
            "true false",
        );
        check_error(
            "{{ hourOfDay('2026-07-05') }}",
            "expression-argument",
            "the argument `date` of the function `hourOfDay` has no time",
        );
        check_error(
            "{{ isWeekend('soon') }}",
            "expression-type",
            "cannot read `soon` as a date",
        );
        // What is written out is read before anything runs.
        for faulty in [
            "isDateBefore(a, 'soon')",
            "isDateBetween('soon', b, c)",
            "dayOfMonth('soon')",
            "isDayWeekInMonth('soon', b, c)",
            "isLastWorkingDay('soon')",
        ] {
            let errors = crate::expr::Template::parse(&format!("{{{{ {faulty} }}}}")).unwrap_err();
            assert_eq!(errors[0].message, "cannot read `soon` as a date", "{faulty}");
        }
        for (faulty, message) in [
            (
                "isDayWeekInMonth(a, 'moonday', 'FIRST')",
                "the argument `dayOfWeek` of the function `isDayWeekInMonth` names days such as `MONDAY`, not `moonday`",
            ),
            (
                "isDayWeekInMonth(a, 'MONDAY', 'fifth')",
                "the argument `position` of the function `isDayWeekInMonth` must be `FIRST`, `SECOND`, `THIRD`, `FOURTH` or `LAST`, not `FIFTH`",
            ),
            (
                "isLastWorkingDay(a, 'MONDAY, moonday')",
                "the argument `workingDays` of the function `isLastWorkingDay` names days such as `MONDAY`, not `moonday`",
            ),
        ] {
            let errors = crate::expr::Template::parse(&format!("{{{{ {faulty} }}}}")).unwrap_err();
            assert_eq!(errors[0].message, message, "{faulty}");
        }
        check_error(
            "{{ isWeekend(nothing) }}",
            "expression-argument",
            "the function `isWeekend` needs the argument `date`, which is null",
        );
    }

    #[test]
    fn dates_are_compared_as_moments() {
        check(
            "{{ isDateBefore('2026-01-01T00:00:00+02:00', '2026-01-01') }} {{ isDateAfter('2026-01-01', '2026-01-01') }}",
            "true false",
        );
        check(
            "{{ isDateBetween(execution.startDate, after='2026-01-01', before='2026-02-01') }} {{ isDateBetween('2026-01-01', '2026-01-01', '2027-01-01') }}",
            "true false",
        );
    }

    #[test]
    fn days_have_a_place_in_their_month() {
        check(
            "{{ isDayWeekInMonth('2026-07-06', 'monday', 'first') }} {{ isDayWeekInMonth('2026-07-13', 'MONDAY', 'FIRST') }} {{ isDayWeekInMonth('2026-07-27', 'MONDAY', 'LAST') }} {{ isDayWeekInMonth('2026-07-27', 'TUESDAY', 'LAST') }}",
            "true false true false",
        );
        check(
            "{{ isLastWorkingDay('2026-07-31') }} {{ isLastWorkingDay('2026-05-29') }} {{ isLastWorkingDay('2026-05-31') }} {{ isLastWorkingDay('2026-05-31', 'SUNDAY') }}",
            "true true false true",
        );
        check_error(
            "{{ isDayWeekInMonth('2026-07-06', 'moonday', 'FIRST') }}",
            "expression-argument",
            "the argument `dayOfWeek` of the function `isDayWeekInMonth` names days such as `MONDAY`, not `moonday`",
        );
        check_error(
            "{{ isDayWeekInMonth('2026-07-06', 'MONDAY', 'FIFTH') }}",
            "expression-argument",
            "the argument `position` of the function `isDayWeekInMonth` must be `FIRST`, `SECOND`, `THIRD`, `FOURTH` or `LAST`, not `FIFTH`",
        );
    }
}

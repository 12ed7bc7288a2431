//! Dates as the language reads and writes them, after `java.time`.

mod parse;
mod pattern;
mod write;

use jiff::ZonedDateTime;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::error::Problem;
use super::value::Value;
use crate::model::Timestamp;

pub(super) use pattern::Pattern;
pub(super) use write::day_name;

/// Reads a moment in ISO 8601. Without an offset it is in UTC; without a time it is midnight.
pub(super) fn parse_iso_moment(text: &str) -> Option<Timestamp> {
    parse_iso(text, &TimeZone::UTC).map(|zoned| zoned.timestamp())
}

/// Reads a date or a date and time in ISO 8601. Without an offset it is in `zone`; without a time it is midnight.
fn parse_iso(text: &str, zone: &TimeZone) -> Option<ZonedDateTime> {
    if let Ok(zoned) = text.parse::<ZonedDateTime>() {
        return Some(zoned);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.to_zoned_datetime(written_offset(text).map_or(TimeZone::UTC, TimeZone::fixed)));
    }
    text.parse::<DateTime>().ok()?.to_zoned_datetime(zone.clone()).ok()
}

/// The offset at the end of a moment, such as `+02:00`; none where it is `Z`.
fn written_offset(text: &str) -> Option<Offset> {
    let clock = text.find(['T', 't', ' '])?;
    let sign = text[clock..].rfind(['+', '-'])? + clock;
    let digits: String = text[sign + 1..].chars().filter(char::is_ascii_digit).collect();
    let part = |range: std::ops::Range<usize>| digits.get(range).map_or(Ok(0), str::parse::<i32>).ok();
    let seconds = part(0..2)? * 3600 + part(2..4)? * 60 + part(4..6)?;
    let seconds = if text[sign..].starts_with('-') {
        -seconds
    } else {
        seconds
    };
    Offset::from_seconds(seconds).ok()
}

/// Whether there is a time zone of that name.
pub fn is_time_zone(name: &str) -> bool {
    time_zone(name).is_ok()
}

/// Finds a time zone by its name, or by an offset such as `+02:00`.
pub(super) fn time_zone(name: &str) -> Result<TimeZone, Problem> {
    if matches!(name, "Z" | "UTC" | "GMT") {
        return Ok(TimeZone::UTC);
    }
    let fixed = || written_offset(&format!("T{name}")).filter(|_| name.starts_with(['+', '-']));
    let zone = TimeZone::get(name).ok().or_else(|| fixed().map(TimeZone::fixed));
    zone.ok_or_else(|| {
        Problem::wrong_argument(format!("unknown time zone `{name}`"))
            .with_hint("write a name such as `Europe/Berlin`, `UTC`, or an offset such as `+02:00`")
    })
}

/// Makes a date of a value: a moment, seconds since 1970, or text in ISO 8601 or in the given format.
pub(super) fn to_zoned(value: &Value, zone: &TimeZone, existing: Option<&Pattern>) -> Result<ZonedDateTime, Problem> {
    let in_zone = |zoned: ZonedDateTime| zoned.with_time_zone(zone.clone());
    match (value, existing) {
        (Value::Instant(instant), _) => Ok(instant.to_zoned_datetime(zone.clone())),
        (Value::Zoned(zoned), _) => Ok(zoned.with_time_zone(zone.clone())),
        (Value::Integer(seconds), _) => match Timestamp::from_second(*seconds) {
            Ok(instant) => Ok(instant.to_zoned_datetime(zone.clone())),
            Err(_) => Err(Problem::wrong_type(format!("{seconds} seconds since 1970 is no date"))
                .with_hint("a number counts seconds, not milliseconds")),
        },
        (Value::String(text), Some(pattern)) => pattern.parse(text, zone).map(in_zone),
        (Value::String(text), None) => parse_iso(text.trim(), zone)
            .map(in_zone)
            .ok_or_else(|| unreadable(text)),
        (other, _) => Err(Problem::wrong_type(format!("a {} is no date", other.kind()))),
    }
}

/// The date and the time as they are written, whatever the offset.
pub(super) fn to_civil(value: &Value, zone: &TimeZone) -> Result<DateTime, Problem> {
    match value {
        Value::String(text) => parse_iso(text.trim(), zone)
            .map(|zoned| zoned.datetime())
            .ok_or_else(|| unreadable(text)),
        Value::Zoned(zoned) => Ok(zoned.datetime()),
        other => to_zoned(other, zone, None).map(|zoned| zoned.datetime()),
    }
}

/// A moment; without an offset it is in UTC, without a time it is midnight.
pub(super) fn to_instant(value: &Value) -> Result<Timestamp, Problem> {
    to_zoned(value, &TimeZone::UTC, None).map(|zoned| zoned.timestamp())
}

/// Whether a text is a date without a time.
pub(super) fn is_bare_date(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.trim().len() <= 10 && text.trim().parse::<Date>().is_ok())
}

fn unreadable(text: &str) -> Problem {
    let shown: String = text.chars().take(40).collect();
    Problem::wrong_type(format!("cannot read `{shown}` as a date"))
        .with_hint("write it in ISO 8601, such as `2026-01-31T10:00:00Z`, or say its format with `existingFormat`")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{parse_iso, time_zone};

    #[test]
    fn iso_texts_are_read_with_and_without_offset_and_time() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let check = |text: &str, expected: &str| {
            let zoned = parse_iso(text, &zone).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(zoned.strftime("%FT%T%:z").to_string(), expected, "{text}");
        };
        check("2026-01-31T10:00:00Z", "2026-01-31T10:00:00+00:00");
        check("2026-01-31T10:00:00-03:30", "2026-01-31T10:00:00-03:30");
        check("2026-07-31T10:00:00", "2026-07-31T10:00:00+02:00");
        check("2026-01-31", "2026-01-31T00:00:00+01:00");
        check("2026-01-31T10:00:00+01:00[Europe/Paris]", "2026-01-31T10:00:00+01:00");
        for bad in ["", "soon", "2026-13-01", "10:00"] {
            assert!(parse_iso(bad, &zone).is_none(), "{bad}");
        }
    }

    #[test]
    fn zones_have_names_or_offsets() {
        for good in ["UTC", "Z", "Europe/Berlin", "+02:00", "-0330"] {
            assert!(time_zone(good).is_ok(), "{good}");
        }
        assert_eq!(
            time_zone("Mars/Olympus").unwrap_err().message,
            "unknown time zone `Mars/Olympus`"
        );
    }
}

//! Moments in the life of a catalog, as people write them.

use super::Timestamp;

/// A moment as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    Time(Timestamp),
    /// The beginning of an execution's id: just before it began.
    Before(String),
    /// The beginning of an execution's id: just after it ended.
    After(String),
    /// After the event of that number.
    Event(u64),
}

/// The state of the catalog a question is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AsOf {
    #[default]
    Now,
    /// After the event of that number, before the next.
    Event(u64),
}

const FORMS: &str = "write a time such as `2026-03-01T12:00:00Z`, a date (its beginning, in UTC), `2h ago`, \
                     `before:EXECUTION`, `after:EXECUTION` or `event:NUMBER`";

impl Moment {
    /// Reads a moment: an RFC 3339 time, a date, `now`, `2h ago`, `before:EXECUTION`, `after:EXECUTION` or
    /// `event:NUMBER`. The error says what could have been written.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("`{text}` is no moment: {FORMS}");
        if let Some((word, rest)) = text
            .split_once(':')
            .filter(|(word, _)| word.chars().all(|c| c.is_ascii_lowercase()))
        {
            return match word {
                "before" if is_start(rest) => Ok(Self::Before(rest.to_owned())),
                "after" if is_start(rest) => Ok(Self::After(rest.to_owned())),
                "event" => rest.parse().map(Self::Event).map_err(|_| wrong()),
                _ => Err(wrong()),
            };
        }
        if text == "now" {
            return Ok(Self::Time(now));
        }
        if let Some(span) = text.strip_suffix("ago") {
            let span = parse_span(span).ok_or_else(wrong)?;
            return earlier(now, span).map(Self::Time).ok_or_else(wrong);
        }
        parse_time(text).map(Self::Time).ok_or_else(wrong)
    }
}

fn is_start(text: &str) -> bool {
    !text.is_empty() && text.len() <= 26 && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Reads an RFC 3339 time, or a date as its beginning in UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
}

/// Reads until when something is good: a time, or a date, which is over when its day is over in UTC.
pub fn parse_expiry(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let time = parse_time(text)?;
    match text.contains(['T', 't', ' ', ':']) {
        true => Some(time),
        false => end_of_day(time),
    }
}

/// The last second of the day in UTC.
pub fn end_of_day(time: Timestamp) -> Option<Timestamp> {
    let utc = jiff::tz::TimeZone::UTC;
    let end = utc.to_datetime(time).date().at(23, 59, 59, 0);
    utc.to_timestamp(end).ok()
}

/// How many days of the calendar lie between two moments in UTC; negative where the second is in an earlier day.
pub fn days_between(from: Timestamp, until: Timestamp) -> i64 {
    let day = |time: Timestamp| time.as_second().div_euclid(86_400);
    day(until) - day(from)
}

/// Reads a length of time such as `30d`, `2h`, `1h 30m`, `2 weeks`, `6 months` or `1y`.
pub fn parse_span(text: &str) -> Option<jiff::Span> {
    let span: jiff::Span = text.trim().parse().ok()?;
    (!span.is_negative()).then_some(span)
}

/// A length of time after a moment; days, months and years are those of the calendar in UTC.
pub fn later(time: Timestamp, span: jiff::Span) -> Option<Timestamp> {
    let utc = jiff::tz::TimeZone::UTC;
    let moved = utc.to_datetime(time).checked_add(span).ok()?;
    utc.to_timestamp(moved).ok()
}

/// A length of time before a moment; days, months and years are those of the calendar in UTC.
pub fn earlier(time: Timestamp, span: jiff::Span) -> Option<Timestamp> {
    later(time, -span)
}

/// Whether a length of time is one of whole days.
pub fn is_whole_days(span: jiff::Span) -> bool {
    let hours = i64::from(span.get_hours());
    let small = span.get_milliseconds() | span.get_microseconds() | span.get_nanoseconds();
    hours | span.get_minutes() | span.get_seconds() | small == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let told = match Moment::parse(text, now) {
            Ok(Moment::Time(time)) => time.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(_) => "refused".to_owned(),
        };
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn a_date_without_a_time_lasts_until_its_day_is_over_and_days_are_those_of_the_calendar() {
        let now: Timestamp = "2026-11-26T01:21:00Z".parse().unwrap();
        let check = |text: &str, until: &str, days: i64| {
            let read = parse_expiry(text).unwrap();
            assert_eq!(
                (read.to_string().as_str(), days_between(now, read)),
                (until, days),
                "{text}"
            );
        };
        check("2026-11-25", "2026-11-25T23:59:59Z", -1);
        check("2026-11-26", "2026-11-26T23:59:59Z", 0);
        check("2026-11-27", "2026-11-27T23:59:59Z", 1);
        check("2026-12-05", "2026-12-05T23:59:59Z", 9);
        check("2026-11-26T01:00:00Z", "2026-11-26T01:00:00Z", 0);
        check("2026-11-27T00:30+02:00", "2026-11-26T22:30:00Z", 0);
        assert_eq!(parse_expiry("never"), None);
    }

    #[test]
    fn moments_are_read_in_every_form() {
        check("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z");
        check("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z");
        check("2026-03-01", "2026-03-01T00:00:00Z");
        check("2026-03-01T10:30", "2026-03-01T10:30:00Z");
        check("2h ago", "2026-03-10T10:00:00Z");
        check("1d12h ago", "2026-03-09T00:00:00Z");
        check("2 weeks ago", "2026-02-24T12:00:00Z");
        check("3 months ago", "2025-12-10T12:00:00Z");
        check("1y ago", "2025-03-10T12:00:00Z");
        check("now", "2026-03-10T12:00:00Z");
        check("before:01m85z", "Before(\"01m85z\")");
        check("after:01m85z", "After(\"01m85z\")");
        check("event:12", "Event(12)");
        for wrong in [
            "",
            "yesterday",
            "before:",
            "after:a b",
            "event:x",
            "-2h ago",
            "during:x",
            "2026-13-01",
        ] {
            check(wrong, "refused");
        }
    }
}

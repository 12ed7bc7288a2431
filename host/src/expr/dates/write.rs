//! Writes a date in a format.

use std::fmt::{self, Write};

use jiff::ZonedDateTime;
use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};

use super::pattern::{Item, Pattern};
use crate::expr::value::Value;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// The English name of a day of the week.
pub(in crate::expr) fn day_name(day: Weekday) -> &'static str {
    DAYS[usize::try_from(day.to_monday_zero_offset()).unwrap_or(0) % 7]
}

impl Pattern {
    /// Writes the date in this format, in English.
    pub(in crate::expr) fn write(&self, date: &ZonedDateTime) -> String {
        let utc = self.items.first() == Some(&Item::Field('U', 1));
        let date = if utc { &date.with_time_zone(TimeZone::UTC) } else { date };
        let mut out = String::new();
        for item in &self.items {
            write_item(&mut out, item, date).expect("writing to a string cannot fail");
        }
        out
    }
}

fn write_item(out: &mut String, item: &Item, date: &ZonedDateTime) -> fmt::Result {
    match item {
        Item::Literal(text) => out.write_str(text),
        Item::Fraction => match date.subsec_nanosecond() {
            0 => Ok(()),
            nanoseconds => out.write_str(format!(".{nanoseconds:09}").trim_end_matches('0')),
        },
        Item::ZoneName => match date.time_zone().iana_name() {
            Some(name) => write!(out, "[{name}]"),
            None => Ok(()),
        },
        Item::Week => {
            let week = date.date().iso_week_date();
            write!(
                out,
                "{:04}-W{:02}-{}",
                week.year(),
                week.week(),
                week.weekday().to_monday_one_offset()
            )
        }
        Item::Optional(items) => items.iter().try_for_each(|item| write_item(out, item, date)),
        Item::Field(letter, count) => write_field(out, *letter, *count, date),
    }
}

/// The year and week that a day is in, in weeks from Sunday on of which the first holds the first of January: the weeks
/// of the United States, whose English the names are in.
fn week_of_year(date: &ZonedDateTime) -> (i64, i64) {
    let place = i64::from(date.weekday().to_sunday_zero_offset());
    let (day, days) = (i64::from(date.day_of_year()), i64::from(date.days_in_year()));
    let year = i64::from(date.year());
    match day + 6 - place > days {
        true => (year + 1, 1),
        false => (year, week(day, place)),
    }
}

/// The week that a day of a year or month is in, from 1; `place` is that of the day in its week.
fn week(day: i64, place: i64) -> i64 {
    let first = (place - (day - 1)).rem_euclid(7);
    (day - 1 + first) / 7 + 1
}

/// A name in full for four letters, its first letter for five, and its first three for three.
fn short(count: usize, name: &str) -> &str {
    match count {
        4 => name,
        5 => &name[..1],
        _ => &name[..3],
    }
}

fn write_field(out: &mut String, letter: char, count: usize, date: &ZonedDateTime) -> fmt::Result {
    let number = |out: &mut String, number: i64| write!(out, "{number:0count$}");
    let half_day_hour = |midnight: i8| {
        if date.hour() % 12 == 0 {
            midnight
        } else {
            date.hour() % 12
        }
    };
    match letter {
        'I' => write!(out, "{}", Value::Instant(date.timestamp())),
        'U' => Ok(()),
        'y' | 'u' if count == 2 => write!(out, "{:02}", date.year().rem_euclid(100)),
        'y' | 'u' => number(out, i64::from(date.year())),
        'M' | 'L' => {
            let month = MONTHS[usize::try_from(date.month() - 1).unwrap_or(0) % 12];
            name_or_number(out, count, i64::from(date.month()), month)
        }
        'E' => out.write_str(short(count, day_name(date.weekday()))),
        'e' | 'c' if count > 2 => out.write_str(short(count, day_name(date.weekday()))),
        'e' | 'c' => number(out, i64::from(date.weekday().to_sunday_zero_offset()) + 1),
        'G' => out.write_str(match count {
            4 => "Anno Domini",
            5 => "A",
            _ => "AD",
        }),
        'Y' if count == 2 => write!(out, "{:02}", week_of_year(date).0.rem_euclid(100)),
        'Y' => number(out, week_of_year(date).0),
        'w' => number(out, week_of_year(date).1),
        'W' => {
            let place = i64::from(date.weekday().to_sunday_zero_offset());
            number(out, week(i64::from(date.day()), place))
        }
        'Q' => write_quarter(out, count, (date.month() - 1) / 3 + 1),
        'd' => number(out, i64::from(date.day())),
        'D' => number(out, i64::from(date.day_of_year())),
        'a' => out.write_str(if date.hour() < 12 { "AM" } else { "PM" }),
        'h' => number(out, i64::from(half_day_hour(12))),
        'K' => number(out, i64::from(half_day_hour(0))),
        'H' => number(out, i64::from(date.hour())),
        'k' => number(out, if date.hour() == 0 { 24 } else { i64::from(date.hour()) }),
        'm' => number(out, i64::from(date.minute())),
        's' => number(out, i64::from(date.second())),
        'S' => out.write_str(&format!("{:09}", date.subsec_nanosecond())[..count]),
        'n' => number(out, i64::from(date.subsec_nanosecond())),
        'A' => number(out, nanosecond_of_day(date) / 1_000_000),
        'N' => number(out, nanosecond_of_day(date)),
        'V' => out.write_str(date.time_zone().iana_name().unwrap_or("Z")),
        'z' => write!(out, "{}", date.strftime("%Z")),
        _ => write_offset(out, letter, count, date.offset()),
    }
}

fn write_quarter(out: &mut String, count: usize, quarter: i8) -> fmt::Result {
    match count {
        3 => write!(out, "Q{quarter}"),
        4 => {
            let ending = ["st", "nd", "rd", "th"][usize::try_from(quarter - 1).unwrap_or(0) % 4];
            write!(out, "{quarter}{ending} quarter")
        }
        5 => write!(out, "{quarter}"),
        _ => write!(out, "{quarter:0count$}"),
    }
}

fn nanosecond_of_day(date: &ZonedDateTime) -> i64 {
    let seconds = i64::from(date.hour()) * 3600 + i64::from(date.minute()) * 60 + i64::from(date.second());
    seconds * 1_000_000_000 + i64::from(date.subsec_nanosecond())
}

fn name_or_number(out: &mut String, count: usize, number: i64, name: &str) -> fmt::Result {
    match count {
        1 | 2 => write!(out, "{number:0count$}"),
        _ => out.write_str(short(count, name)),
    }
}

fn write_offset(out: &mut String, letter: char, count: usize, offset: Offset) -> fmt::Result {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match (letter, count) {
        ('X', _) | ('Z', 5) if seconds == 0 => out.write_char('Z'),
        ('O', _) if seconds == 0 => out.write_str("GMT"),
        ('O', 4) | ('Z', 4) => write!(out, "GMT{sign}{hours:02}:{minutes:02}"),
        ('O', _) if minutes == 0 => write!(out, "GMT{sign}{hours}"),
        ('O', _) => write!(out, "GMT{sign}{hours}:{minutes:02}"),
        ('X' | 'x', 1) if minutes == 0 => write!(out, "{sign}{hours:02}"),
        ('X' | 'x', 1 | 2) | ('Z', 1..=3) => write!(out, "{sign}{hours:02}{minutes:02}"),
        _ => write!(out, "{sign}{hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn check(date: &str, format: &str, expected: &str) {
        let date = date.parse().unwrap();
        assert_eq!(Pattern::new(format).unwrap().write(&date), expected, "{format}");
    }

    const SUMMER: &str = "2026-07-05T14:03:09.120500[Europe/Paris]";

    #[test]
    fn letters_follow_java() {
        check(SUMMER, "yyyy yy y uuuu", "2026 26 2026 2026");
        check(
            SUMMER,
            "M MM MMM MMMM d dd D DDD Q QQQ",
            "7 07 Jul July 5 05 186 186 3 Q3",
        );
        check(SUMMER, "E EEE EEEE EEEEE", "Sun Sun Sunday S");
        check(SUMMER, "MMMMM LLLLL QQQQ QQQQQ", "J J 3rd quarter 3");
        check(SUMMER, "G GGGG GGGGG", "AD Anno Domini A");
        check(SUMMER, "e ee eee eeee c cccc", "1 01 Sun Sunday 1 Sunday");
        check(SUMMER, "Y YY w ww W", "2026 26 28 28 2");
        check("2026-01-01T00:00:00[UTC]", "YYYY-ww W e", "2026-01 1 5");
        check("2026-12-31T00:00:00[UTC]", "YYYY-ww W e", "2027-01 5 5");
        check("2026-12-26T00:00:00[UTC]", "YYYY-ww W e", "2026-52 4 7");
        check("2028-12-31T00:00:00[UTC]", "YYYY-ww W e", "2029-01 6 1");
        check(SUMMER, "N A", "50589120500000 50589120");
        check(SUMMER, "yyyy[-MM[-dd]][", "2026-07-05");
        check(SUMMER, "H HH h hh K k a m mm s ss", "14 14 2 02 2 14 PM 3 03 9 09");
        check(SUMMER, "S SSS SSSSSS SSSSSSSSS n", "1 120 120500 120500000 120500000");
        check(
            SUMMER,
            "X XX XXX x Z ZZZZ ZZZZZ z O OOOO VV",
            "+02 +0200 +02:00 +02 +0200 GMT+02:00 +02:00 CEST GMT+2 GMT+02:00 Europe/Paris",
        );
        check(
            "2026-01-05T00:00:00[UTC]",
            "h K k a XXX xxx Z O",
            "12 0 24 AM Z +00:00 +0000 GMT",
        );
        check(
            "2026-01-05T12:00:00-03:30[-03:30]",
            "X XX XXX h",
            "-0330 -0330 -03:30 12",
        );
    }

    #[test]
    fn named_formats_follow_java() {
        check(SUMMER, "iso", "2026-07-05T14:03:09.120500+02:00");
        check(SUMMER, "sql_seq", "2026-07-05 14:03:09");
        check(SUMMER, "iso_date_time", "2026-07-05T14:03:09.1205+02:00[Europe/Paris]");
        check(SUMMER, "iso_date", "2026-07-05+02:00");
        check(SUMMER, "iso_local_time", "14:03:09.1205");
        check(SUMMER, "iso_instant", "2026-07-05T12:03:09.120500Z");
        check(SUMMER, "iso_ordinal_date", "2026-186+02:00");
        check(SUMMER, "iso_week_date", "2026-W27-7+02:00");
        check(SUMMER, "rfc_1123_date_time", "Sun, 5 Jul 2026 12:03:09 GMT");
        check(SUMMER, "short", "7/5/26, 2:03 PM");
        check(SUMMER, "medium", "Jul 5, 2026, 2:03:09 PM");
        check(SUMMER, "long", "July 5, 2026 at 2:03:09 PM CEST");
    }
}

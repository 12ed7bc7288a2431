//! Instants and lengths of time: reading, writing and taking them apart, in UTC and in the invariant culture.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::fault::Wrong;

pub const SECOND: i64 = 10_000_000;
pub const DAY: i64 = 86_400 * SECOND;
/// Days from the year 1 to 1970.
const EPOCH: i64 = 719_162;

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
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

/// An instant, taken apart.
pub struct Parts {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    /// Units of 100 ns.
    pub fraction: i64,
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EPOCH * DAY + i64::try_from(since.as_nanos() / 100).unwrap_or(0)
}

pub fn unix_seconds(ticks: i64) -> i64 {
    (ticks - EPOCH * DAY).div_euclid(SECOND)
}

pub fn from_unix_seconds(seconds: i64) -> i64 {
    EPOCH * DAY + seconds.saturating_mul(SECOND)
}

/// The instant at the start of a day, after Howard Hinnant's `days_from_civil`.
pub fn from_date(year: i64, month: i64, day: i64) -> Result<i64, Wrong> {
    let range = || Wrong::error("Year, Month, and Day parameters describe an un-representable DateTime.");
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return Err(range());
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 + EPOCH;
    Ok(days * DAY)
}

pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn parts(ticks: i64) -> Parts {
    let days = ticks.div_euclid(DAY) - EPOCH + 719_468;
    let within = ticks.rem_euclid(DAY);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Parts {
        year: years + era * 400 + i64::from(month <= 2),
        month,
        day: of_year - (153 * shifted + 2) / 5 + 1,
        hour: within / (3_600 * SECOND),
        minute: within / (60 * SECOND) % 60,
        second: within / SECOND % 60,
        fraction: within % SECOND,
    }
}

/// From 0 for Sunday.
pub fn weekday(ticks: i64) -> usize {
    usize::try_from((ticks.div_euclid(DAY) + 1).rem_euclid(7)).unwrap_or(0)
}

pub fn weekday_name(ticks: i64) -> &'static str {
    DAYS[weekday(ticks)]
}

pub fn day_of_year(ticks: i64) -> i64 {
    let parts = parts(ticks);
    from_date(parts.year, 1, 1).map_or(1, |start| (ticks - start) / DAY + 1)
}

/// The instant so many months later, on the last day of the month where the day is not in it.
pub fn add_months(ticks: i64, months: i64) -> Result<i64, Wrong> {
    let parts = parts(ticks);
    let count = parts.year * 12 + parts.month - 1 + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    Ok(from_date(year, month, parts.day.min(days_in_month(year, month)))? + ticks.rem_euclid(DAY))
}

/// The text of an instant inside a string, in the invariant culture.
pub fn show(ticks: i64) -> String {
    format(ticks, "MM/dd/yyyy HH:mm:ss").unwrap_or_default()
}

/// Writes an instant in one of .NET's formats, standard or custom.
pub fn format(ticks: i64, format: &str) -> Result<String, Wrong> {
    let format = match format {
        "d" => "MM/dd/yyyy",
        "D" => "dddd, dd MMMM yyyy",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "G" => "MM/dd/yyyy HH:mm:ss",
        "f" => "dddd, dd MMMM yyyy HH:mm",
        "F" => "dddd, dd MMMM yyyy HH:mm:ss",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "R" | "r" => "ddd, dd MMM yyyy HH:mm:ss GMT",
        "M" | "m" => "MMMM dd",
        "Y" | "y" => "yyyy MMMM",
        other => other,
    };
    let parts = parts(ticks);
    let letters: Vec<char> = format.chars().collect();
    let (mut place, mut text) = (0, String::new());
    while place < letters.len() {
        let letter = letters[place];
        let run = letters[place..].iter().take_while(|next| **next == letter).count();
        match letter {
            '\'' | '"' => {
                let end = letters[place + 1..].iter().position(|next| *next == letter);
                let end = end.ok_or_else(|| Wrong::error("Input string was not in a correct format."))?;
                text.extend(&letters[place + 1..place + 1 + end]);
                place += end + 2;
                continue;
            }
            '\\' => {
                text.extend(letters.get(place + 1));
                place += 2;
                continue;
            }
            '%' if run == 1 => {}
            _ => text.push_str(&field(&parts, ticks, letter, run)?),
        }
        place += run;
    }
    Ok(text)
}

fn field(parts: &Parts, ticks: i64, letter: char, run: usize) -> Result<String, Wrong> {
    let padded = |value: i64| match run {
        1 => value.to_string(),
        _ => format!("{value:02}"),
    };
    let half = if parts.hour % 12 == 0 { 12 } else { parts.hour % 12 };
    let month = MONTHS[usize::try_from(parts.month - 1).unwrap_or(0)];
    Ok(match (letter, run) {
        ('y', 1 | 2) => padded(parts.year % 100),
        ('y', _) => format!("{:0run$}", parts.year),
        ('M', 1 | 2) => padded(parts.month),
        ('M', 3) => month[..3].to_owned(),
        ('M', _) => month.to_owned(),
        ('d', 1 | 2) => padded(parts.day),
        ('d', 3) => weekday_name(ticks)[..3].to_owned(),
        ('d', _) => weekday_name(ticks).to_owned(),
        ('H', _) => padded(parts.hour),
        ('h', _) => padded(half),
        ('m', _) => padded(parts.minute),
        ('s', _) => padded(parts.second),
        ('f', 1..=7) => format!("{:07}", parts.fraction)[..run].to_owned(),
        ('F', 1..=7) => format!("{:07}", parts.fraction)[..run].trim_end_matches('0').to_owned(),
        ('t', 1) => if parts.hour < 12 { "A" } else { "P" }.to_owned(),
        ('t', _) => if parts.hour < 12 { "AM" } else { "PM" }.to_owned(),
        ('K', _) => String::new(),
        ('z' | 'g' | 'f' | 'F', _) => return Err(Wrong::unsupported(format!("`{letter}` in a format of dates"))),
        _ => letter.to_string().repeat(run),
    })
}

/// Reads an instant from text: ISO 8601 or `MM/dd/yyyy`, with or without a time.
pub fn parse(text: &str) -> Result<i64, Wrong> {
    let wrong = || Wrong::error(format!("String '{text}' was not recognized as a valid DateTime."));
    let trimmed = text.trim();
    let (date, time) = trimmed.split_once(['T', ' ']).unwrap_or((trimmed, ""));
    let numbers = |text: &str, by: char| -> Option<Vec<i64>> { text.split(by).map(|part| part.parse().ok()).collect() };
    let day = match (numbers(date, '-'), numbers(date, '/')) {
        (Some(parts), _) if parts.len() == 3 => from_date(parts[0], parts[1], parts[2]),
        (_, Some(parts)) if parts.len() == 3 => from_date(parts[2], parts[0], parts[1]),
        _ => return Err(wrong()),
    };
    let (time, shift) = match time.trim_end().to_ascii_uppercase() {
        time if time.ends_with(" AM") || time.ends_with(" PM") => {
            let hours = if time.ends_with("PM") { 12 } else { 0 };
            (time[..time.len() - 3].to_owned(), hours)
        }
        time => (time.trim_end_matches('Z').to_owned(), -1),
    };
    if time.is_empty() {
        return day.map_err(|_| wrong());
    }
    let (clock, fraction) = time.split_once('.').unwrap_or((&time, ""));
    let parts = numbers(clock, ':')
        .filter(|parts| (2..=3).contains(&parts.len()))
        .ok_or_else(wrong)?;
    let digits: String = format!("{fraction:0<7}").chars().take(7).collect();
    let fraction: i64 = digits.parse().map_err(|_| wrong())?;
    let hour = if shift >= 0 { parts[0] % 12 + shift } else { parts[0] };
    let second = parts.get(2).copied().unwrap_or(0);
    if hour > 23 || parts[1] > 59 || second > 59 {
        return Err(wrong());
    }
    Ok(day.map_err(|_| wrong())? + ((hour * 60 + parts[1]) * 60 + second) * SECOND + fraction)
}

/// A length of time as .NET writes it: `[-][d.]hh:mm:ss[.fffffff]`.
pub fn show_span(ticks: i64) -> String {
    let (sign, size) = if ticks < 0 {
        ("-", ticks.unsigned_abs())
    } else {
        ("", ticks.unsigned_abs())
    };
    let second = SECOND.unsigned_abs();
    let seconds = size / second;
    let days = match seconds / 86_400 {
        0 => String::new(),
        days => format!("{days}."),
    };
    let fraction = match size % second {
        0 => String::new(),
        fraction => format!(".{fraction:07}"),
    };
    format!(
        "{sign}{days}{:02}:{:02}:{:02}{fraction}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Reads `[d.]hh:mm[:ss]`.
pub fn parse_span(text: &str) -> Result<i64, Wrong> {
    let wrong = || Wrong::error(format!("String '{text}' was not recognized as a valid TimeSpan."));
    let (days, clock) = text.split_once('.').unwrap_or(("0", text));
    let numbers: Option<Vec<i64>> = clock.split(':').map(|part| part.trim().parse().ok()).collect();
    let days: i64 = days.trim().parse().map_err(|_| wrong())?;
    match numbers.as_deref() {
        Some([hours, minutes]) => Ok(days * DAY + (hours * 60 + minutes) * 60 * SECOND),
        Some([hours, minutes, seconds]) => Ok(days * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND),
        _ => Err(wrong()),
    }
}

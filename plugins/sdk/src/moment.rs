//! Moments as servers write them, in milliseconds since 1970.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Reads a moment with its offset, such as `2026-11-25T02:00:00.123-08:00` (RFC 3339).
pub fn rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let (clock, offset) = rest.split_at(rest.rfind(['+', '-'])?);
            let (hours, minutes) = offset[1..].split_once(':')?;
            let length = (number(hours)? * 60 + number(minutes)?) * 60_000;
            (clock, if offset.starts_with('-') { -length } else { length })
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    number(fraction)?;
    let milliseconds = number(&format!("{fraction:0<3}")[..3])?;
    Some(at(year, month, day, clock)? + milliseconds - offset)
}

/// Reads a moment of HTTP such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7; the two outdated forms are not
/// read).
pub fn http(text: &str) -> Option<i64> {
    let (_, rest) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let mut words = rest.splitn(4, ' ');
    let day = number(words.next()?)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|known| *known == month)? as i64 + 1;
    at(number(words.next()?)?, month, day, words.next()?)
}

fn number(digits: &str) -> Option<i64> {
    let is_plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

fn at(year: i64, month: i64, day: i64, clock: &str) -> Option<i64> {
    let mut clock = clock.splitn(3, ':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1 March of year 0, so that the leap day is the last of a year.
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = 365 * year + leaps + (153 * month + 2) / 5 + day - 1;
    Some((((days - 719_468) * 24 + hour) * 60 + minute) * 60_000 + second * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(rfc3339(text), expected, "{text}");
        check("1970-01-01T00:00:00Z", Some(0));
        check("2024-02-29T00:00:00Z", Some(1_709_164_800_000));
        check("2026-11-25T02:00:00.123-08:00", Some(1_795_600_800_123));
        check("2026-11-25T10:00:00.123456789Z", Some(1_795_600_800_123));
        check("2026-11-25T15:30:00.1+05:30", Some(1_795_600_800_100));
        for wrong in [
            "",
            "2026-11-25",
            "2026-13-01T00:00:00Z",
            "2026-11-25T02:00:00",
            "2026-11-25T02:00:00.é+1:00",
        ] {
            check(wrong, None);
        }
        assert_eq!(http("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(http("Sunday, 06-Nov-94 08:49:37 GMT"), None);
    }
}

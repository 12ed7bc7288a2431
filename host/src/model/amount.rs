//! Amounts as people write them in settings: `64 MiB`, `0.5 s`, `100`.

use std::time::Duration;

const BYTES: [(&str, u64); 5] = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
const SECONDS: [(&str, f64); 5] = [("", 1.0), ("ms", 0.001), ("s", 1.0), ("min", 60.0), ("h", 3600.0)];
/// The longest span that is taken, in seconds: a year.
const LONGEST: f64 = 366.0 * 86_400.0;

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// A number of bytes; units are `KiB`, `MiB` and `GiB`.
///
/// # Errors
/// Says how to write it.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = BYTES.iter().find(|(name, _)| *name == unit);
    let number: Option<u64> = number.parse().ok();
    let amount = number
        .zip(unit)
        .and_then(|(number, (_, unit))| number.checked_mul(*unit));
    amount.ok_or_else(|| format!("`{text}` is no number of bytes; write it as `67108864` or `64 MiB`"))
}

/// A number of bytes as it is written in settings, exact: in the largest unit that needs no fraction.
pub fn in_bytes(bytes: u64) -> String {
    let whole = |(_, size): &&(&str, u64)| bytes >= *size && bytes.is_multiple_of(*size);
    // Settings and messages count no further than in MiB.
    let (name, size) = BYTES[1..4].iter().rev().find(whole).unwrap_or(&BYTES[1]);
    format!("{} {name}", bytes / size)
}

/// A span of time; units are `ms`, `s`, `min` and `h`, and seconds where there is none.
///
/// # Errors
/// Says how to write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let unit = SECONDS.iter().find(|(name, _)| *name == unit);
    let number: Option<f64> = number.parse().ok();
    let seconds = number.zip(unit).map(|(number, (_, unit))| number * unit);
    seconds
        .filter(|seconds| *seconds > 0.0 && *seconds <= LONGEST)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("`{text}` is no span of time; write it as `0.5`, `30 s` or `5 min`"))
}

/// A number of things.
///
/// # Errors
/// Says how to write it.
pub fn count(text: &str) -> Result<u64, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("`{text}` is no number; write it as `1000`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_units() {
        assert_eq!(bytes("64 MiB"), Ok(64 << 20));
        assert_eq!(bytes("100"), Ok(100));
        assert!(bytes("64 MB").unwrap_err().contains("64 MiB"));
        assert!(bytes("99999999999999 GiB").is_err());
        for (number, text) in [
            (0, "0 B"),
            (700 << 10, "700 KiB"),
            (1535 << 10, "1535 KiB"),
            (64 << 20, "64 MiB"),
            (2 << 30, "2048 MiB"),
            (1025, "1025 B"),
        ] {
            assert_eq!(in_bytes(number), text);
            assert_eq!(bytes(text), Ok(number));
        }
        assert_eq!(duration("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5min"), Ok(Duration::from_secs(300)));
        assert!(duration("0").is_err());
        assert!(duration("-1 s").is_err());
        assert_eq!(count(" 7 "), Ok(7));
        assert!(count("7.5").is_err());
    }
}

//! Functions that make up identifiers. They are the only ones that answer differently each time.

use super::{Function, function};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::signature::{Given, optional, required};
use crate::expr::value::Value;
use crate::model::{ExecutionId, clock};

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "uuid",
        &[],
        "a new UUID, of version 7, so that they sort by time",
        |_, _| Ok(Value::from(uuid::Uuid::from_u128(clock::identifier()).to_string())),
    ),
    function(
        "id",
        &[],
        "a new identifier of the form that executions have",
        |_, _| Ok(Value::from(ExecutionId::generate().as_str())),
    ),
    function("ksuid", &[], "a new K-sortable identifier of 27 characters", ksuid),
    function(
        "nanoId",
        &[optional("length"), optional("alphabet")],
        "random characters, 21 unless told otherwise",
        nano_id,
    ),
    function(
        "randomInt",
        &[required("lower"), required("upper")],
        "a random whole number from one up to below another",
        random_int,
    ),
];

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NANO_ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const LONGEST_NANO_ID: usize = 1000;
/// The second since 1970 that KSUIDs count from.
const KSUID_EPOCH: i64 = 1_400_000_000;

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    clock::random(&mut bytes).map_err(|error| Problem {
        code: "no-randomness",
        message: format!("no random numbers: {error}"),
        hint: None,
    })?;
    Ok(bytes)
}

/// A random number below `bound`, every one as likely as the others.
fn random_below(bound: u64) -> Result<u64, Problem> {
    let unbiased = u64::MAX - u64::MAX % bound;
    loop {
        let number = u64::from_le_bytes(random()?);
        if number < unbiased {
            return Ok(number % bound);
        }
    }
}

/// Four bytes of time and sixteen of chance, in base 62 (github.com/segmentio/ksuid).
fn ksuid(_: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let mut bytes: [u8; 20] = random()?;
    let seconds = u32::try_from(host.scope.now().as_second() - KSUID_EPOCH).unwrap_or(0);
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    Ok(Value::from(base_62(bytes)))
}

fn base_62(bytes: [u8; 20]) -> String {
    let mut number = bytes;
    let mut text = [b'0'; 27];
    for digit in text.iter_mut().rev() {
        let mut rest = 0u32;
        for byte in &mut number {
            let part = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(part / 62).expect("the rest is below 62, so the quotient fits a byte");
            rest = part % 62;
        }
        *digit = BASE_62[rest as usize];
    }
    text.iter().map(|digit| char::from(*digit)).collect()
}

fn nano_id(given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let length = if given.get(0).is_some() {
        given.need_count(0)?
    } else {
        21
    };
    if length > LONGEST_NANO_ID {
        return Err(given.wrong(0, format!("must be at most {LONGEST_NANO_ID}, and is {length}")));
    }
    let alphabet: Vec<char> = given.text(1)?.unwrap_or(NANO_ALPHABET).chars().collect();
    if alphabet.is_empty() {
        return Err(given.wrong(1, "is empty"));
    }
    let character = || random_below(alphabet.len() as u64).map(|index| alphabet[index as usize]);
    (0..length)
        .map(|_| character())
        .collect::<Result<String, _>>()
        .map(Value::from)
}

fn random_int(given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    let (lower, upper) = (given.need_integer(0)?, given.need_integer(1)?);
    if upper < lower {
        return Err(given.wrong(1, format!("must not be below {lower}, and is {upper}")));
    }
    match upper.abs_diff(lower) {
        0 => Ok(Value::from(lower)),
        distance => Ok(Value::from(lower.wrapping_add_unsigned(random_below(distance)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::base_62;
    use crate::expr::testing::{check, check_error};

    #[test]
    fn identifiers_have_their_form_and_differ() {
        check(
            "{{ uuid() | regexMatch('^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') }}",
            "true",
        );
        check(
            "{{ id() | length }} {{ (id() | slugify | length) }} {{ ksuid() | length }} {{ nanoId() | length }}",
            "26 26 27 21",
        );
        check(
            "{{ uuid() == uuid() }} {{ id() == id() }} {{ nanoId() == nanoId() }} {{ ksuid() == ksuid() }}",
            "false false false false",
        );
        check(
            "{{ nanoId(5, 'a') }} {{ nanoId(length=3, alphabet='xy') | regexMatch('^[xy]{3}$') }}",
            "aaaaa true",
        );
        check_error(
            "{{ nanoId(1001) }}",
            "expression-argument",
            "the argument `length` of the function `nanoId` must be at most 1000, and is 1001",
        );
    }

    #[test]
    fn ksuids_are_in_base_62() {
        assert_eq!(base_62([0; 20]), "0".repeat(27));
        assert_eq!(base_62([255; 20]), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    }

    #[test]
    fn random_numbers_stay_in_their_bounds() {
        check(
            "{% for i in 1..50 %}{% set n = randomInt(-2, 2) %}{% if n < -2 or n > 1 %}{{ n }}{% endif %}{% endfor %}",
            "",
        );
        check("{{ randomInt(5, 5) }} {{ randomInt(lower=7, upper=8) }}", "5 7");
        check(
            "{{ randomInt(-9223372036854775807, 9223372036854775807) is null }}",
            "false",
        );
        check_error(
            "{{ randomInt(2, 1) }}",
            "expression-argument",
            "the argument `upper` of the function `randomInt` must not be below 2, and is 1",
        );
    }
}

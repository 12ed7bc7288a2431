//! Signatures of components, as minisign makes them, against the keys that the project trusts.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use minisign_verify::{Error, PublicKey, Signature};

use super::error::SupplyError;

/// How the file of a signature ends, after the name of what it signs.
pub(super) const ENDING: &str = ".minisig";
/// No signature is longer, in bytes.
pub(super) const LONGEST: u64 = 16 * 1024;

/// The keys that a project trusts, and whether it takes only what one of them has signed.
#[derive(Default)]
pub struct TrustedKeys {
    is_required: bool,
    keys: Vec<(String, PublicKey)>,
}

impl TrustedKeys {
    /// Reads public keys in base64, as in the second line of minisign's `.pub` files.
    pub fn new(is_required: bool, keys: &BTreeMap<String, String>) -> Result<Self, SupplyError> {
        let read = |(name, text): (&String, &String)| match PublicKey::from_base64(text.trim()) {
            Ok(key) => Ok((name.clone(), key)),
            Err(_) => Err(SupplyError::BadKey { name: name.clone() }),
        };
        let keys: Vec<_> = keys.iter().map(read).collect::<Result<_, _>>()?;
        match is_required && keys.is_empty() {
            true => Err(SupplyError::NoKeys),
            false => Ok(Self { is_required, keys }),
        }
    }

    /// Whether signatures are looked at.
    pub fn are_used(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The name of the key that signed a component; nothing where none of them did and none had to.
    ///
    /// # Errors
    /// When the signature is not one of these bytes, or there is none of a key that is known and one is required.
    pub fn check(&self, origin: &str, bytes: &[u8], signature: Option<&str>) -> Result<Option<&str>, SupplyError> {
        let wrong = |reason: &str| SupplyError::WrongSignature {
            origin: origin.to_owned(),
            reason: reason.to_owned(),
        };
        if !self.are_used() {
            return Ok(None);
        }
        let Some(text) = signature else {
            return match self.is_required {
                true => Err(SupplyError::Unsigned {
                    origin: origin.to_owned(),
                }),
                false => Ok(None),
            };
        };
        let signature = Signature::decode(text).map_err(|_| wrong("it is no signature that minisign made"))?;
        for (name, key) in &self.keys {
            match key.verify(bytes, &signature, false) {
                Ok(()) => return Ok(Some(name)),
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => return Err(wrong("it is of the old form, which is not taken")),
                Err(_) => return Err(wrong(&format!("the key `{name}` did not sign these bytes"))),
            }
        }
        match self.is_required {
            true => Err(wrong("no key of `begat.toml` made it")),
            false => Ok(None),
        }
    }
}

/// The signature in the file beside a component, where there is one.
pub fn signature_beside(component: &Path) -> Result<Option<String>, SupplyError> {
    let mut path = component.as_os_str().to_owned();
    path.push(ENDING);
    let path = PathBuf::from(path);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SupplyError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of minisign's own documentation: the file holds `test`.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const OTHER: &str = "RWTsNA0kZFhw19A26aujYun4hv4RraCnEYDehrgEG6NnCjmjkr9/+KGy";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==";

    fn check(is_required: bool, key: &str, bytes: &str, signature: Option<&str>, expected: Result<Option<&str>, &str>) {
        let keys = BTreeMap::from([("ada".to_owned(), key.to_owned())]);
        let trusted = TrustedKeys::new(is_required, &keys).expect("the key is one");
        let told = trusted.check("x.wasm", bytes.as_bytes(), signature);
        match (told, expected) {
            (Ok(name), Ok(expected)) => assert_eq!(name, expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (told, _) => panic!("{told:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_signature_is_of_a_known_key_and_of_these_bytes_or_does_not_count() {
        for is_required in [false, true] {
            check(is_required, KEY, "test", Some(SIGNATURE), Ok(Some("ada")));
            let changed = Err("the key `ada` did not sign these bytes");
            check(is_required, KEY, "tests", Some(SIGNATURE), changed);
            check(is_required, KEY, "test", Some("hello"), Err("it is no signature"));
            let forged = SIGNATURE.replace("file:test", "file:best");
            check(is_required, KEY, "test", Some(&forged), changed);
        }
        check(false, KEY, "test", None, Ok(None));
        check(true, KEY, "test", None, Err("`x.wasm` is not signed"));
        check(false, OTHER, "test", Some(SIGNATURE), Ok(None));
        check(
            true,
            OTHER,
            "test",
            Some(SIGNATURE),
            Err("no key of `begat.toml` made it"),
        );
    }

    #[test]
    fn keys_that_are_none_are_told_by_their_name() {
        let keys = BTreeMap::from([("ada".to_owned(), "hello".to_owned())]);
        let told = |required, keys| TrustedKeys::new(required, keys).err().expect("refused").to_string();
        assert_eq!(told(false, &keys), "`signatures.keys.ada` is no public key of minisign");
        assert_eq!(
            told(true, &BTreeMap::new()),
            "signatures are required, and no key is named"
        );
    }
}

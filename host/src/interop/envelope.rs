//! DSSE v1 envelopes: a payload with its type, signed with Ed25519.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::attestation::AttestationError;
use crate::model::digest;

/// An envelope as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    pub payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EnvelopeSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// What is signed: pre-authentication encoding, DSSE v1.
fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Names a public key: sha256 of its SubjectPublicKeyInfo.
fn id_of(key: &VerifyingKey) -> Result<String, AttestationError> {
    let document = key.to_public_key_der();
    let document = document.map_err(|error| AttestationError::Key(error.to_string()))?;
    Ok(digest::sha256(document.as_bytes()))
}

/// Signs a payload with a private key in PKCS#8 PEM.
pub(super) fn sign(payload_type: &str, payload: &[u8], pem: &str) -> Result<Envelope, AttestationError> {
    let key = SigningKey::from_pkcs8_pem(pem).map_err(|error| AttestationError::Key(error.to_string()))?;
    let signature = key.sign(&encoding(payload_type, payload));
    Ok(Envelope {
        payload_type: payload_type.to_owned(),
        payload: BASE64_STANDARD.encode(payload),
        signatures: vec![EnvelopeSignature {
            keyid: id_of(&key.verifying_key())?,
            sig: BASE64_STANDARD.encode(signature.to_bytes()),
        }],
    })
}

/// The payload, if one of the signatures was made with the private half of this public key (PEM), and the key's id.
pub(super) fn verify(envelope: &Envelope, pem: &str) -> Result<(Vec<u8>, String), AttestationError> {
    let key = VerifyingKey::from_public_key_pem(pem).map_err(|error| AttestationError::Key(error.to_string()))?;
    let malformed = |what: &str| AttestationError::Malformed(format!("the {what} is not base64"));
    let payload = BASE64_STANDARD
        .decode(&envelope.payload)
        .map_err(|_| malformed("payload"))?;
    let signed = encoding(&envelope.payload_type, &payload);
    for signature in &envelope.signatures {
        let bytes = BASE64_STANDARD
            .decode(&signature.sig)
            .map_err(|_| malformed("signature"))?;
        let holds = Signature::from_slice(&bytes).is_ok_and(|signature| key.verify_strict(&signed, &signature).is_ok());
        if holds {
            return Ok((payload, id_of(&key)?));
        }
    }
    Err(AttestationError::Unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test 1 of RFC 8032, section 7.1, as PKCS#8.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";
    const OTHER: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=
-----END PUBLIC KEY-----
";

    #[test]
    fn the_encoding_is_that_of_the_protocol() {
        let told = encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(told, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn only_the_right_key_opens_what_was_not_changed() {
        let envelope = sign("text/plain", b"payload", PRIVATE).unwrap();
        let (payload, id) = verify(&envelope, PUBLIC).unwrap();
        assert_eq!((payload.as_slice(), id.len()), (&b"payload"[..], 64));
        assert!(matches!(verify(&envelope, OTHER), Err(AttestationError::Unsigned)));
        for changed in [
            Envelope {
                payload: BASE64_STANDARD.encode("changed"),
                ..envelope.clone()
            },
            Envelope {
                payload_type: "text/html".to_owned(),
                ..envelope.clone()
            },
            Envelope {
                signatures: Vec::new(),
                ..envelope.clone()
            },
        ] {
            assert!(matches!(verify(&changed, PUBLIC), Err(AttestationError::Unsigned)));
        }
        assert!(matches!(verify(&envelope, "no key"), Err(AttestationError::Key(_))));
        assert!(matches!(sign("a", b"b", PUBLIC), Err(AttestationError::Key(_))));
    }
}

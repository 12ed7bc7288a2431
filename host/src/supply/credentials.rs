//! Who the user is for a registry: from the environment, or as docker keeps it.

use std::env;
use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_client::secrets::RegistryAuth;

use super::error::SupplyError;

/// The registry that the two variables below are for; they are sent to no other.
const REGISTRY: &str = "BEGAT_REGISTRY";
const USER: &str = "BEGAT_REGISTRY_USER";
const PASSWORD: &str = "BEGAT_REGISTRY_PASSWORD";
/// The name under which docker keeps what is for its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What is known of the user for a registry; nobody where nothing is.
pub(super) fn of(registry: &str) -> Result<RegistryAuth, SupplyError> {
    if env::var(REGISTRY).is_ok_and(|named| named == registry) {
        let (user, password) = (env::var(USER), env::var(PASSWORD));
        return match (user, password) {
            (Ok(user), Ok(password)) => Ok(RegistryAuth::Basic(user, password)),
            _ => Err(wrong(
                registry,
                format!("`{REGISTRY}` is set, and `{USER}` or `{PASSWORD}` is not"),
            )),
        };
    }
    let Some(path) = docker_config() else {
        return Ok(RegistryAuth::Anonymous);
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(RegistryAuth::Anonymous),
        Err(source) => return Err(SupplyError::Read { path, source }),
    };
    let known_as = if registry == "docker.io" { DOCKER_HUB } else { registry };
    let about = |words: &str| wrong(registry, format!("`{}`: {words}", path.display()));
    match get_credential_from_reader(file, known_as) {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(RegistryAuth::Basic(user, password)),
        Ok(DockerCredential::IdentityToken(_)) => {
            Err(about("it has an identity token, and begat needs a name and a password"))
        }
        Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => {
            Ok(RegistryAuth::Anonymous)
        }
        Err(error) => Err(about(&error.to_string())),
    }
}

fn docker_config() -> Option<PathBuf> {
    let of_docker = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let of_home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    Some(of_docker.or_else(of_home)?.join("config.json"))
}

fn wrong(registry: &str, reason: String) -> SupplyError {
    SupplyError::Credentials {
        registry: registry.to_owned(),
        reason,
    }
}

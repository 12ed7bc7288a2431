//! What an operator grants a plugin. Nothing is granted that is not written down, and an empty list grants nothing.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AssetId, AssetType, Capability, closest};

/// What a grant opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantKind {
    /// HTTP to a host.
    Net,
    /// A file or folder of the host, to read.
    Read,
    /// A file or folder of the host, to read and to write.
    Write,
    /// A variable of the host's environment.
    Env,
    /// A secret.
    Secret,
    /// A program that the operator named.
    Run,
    /// Declarations of assets that the flow does not declare.
    Assets,
}

impl GrantKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Net,
        Self::Read,
        Self::Write,
        Self::Env,
        Self::Secret,
        Self::Run,
        Self::Assets,
    ];

    /// Its name in grants and capabilities.
    pub fn name(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Read => "read",
            Self::Write => "write",
            Self::Env => "env",
            Self::Secret => "secret",
            Self::Run => "run",
            Self::Assets => "assets",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for GrantKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a text is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("`{0}` is no grant: write it as KIND=TARGET, such as `net=api.example.com`")]
    Shape(String),
    #[error("`{0}` is no kind of grant; there are net, read, write, env, secret, run and assets{1}")]
    Kind(String, String),
    #[error("`{0}=` names nothing, and so would grant nothing")]
    Empty(GrantKind),
    #[error("`{kind}={target}`: {reason}")]
    Target {
        kind: GrantKind,
        target: String,
        reason: &'static str,
    },
}

/// One thing that is granted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Grant {
    pub kind: GrantKind,
    pub target: String,
    reach: Reach,
}

/// A target, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Host(HostRule),
    /// Addresses of a private network that granted names may lead to.
    Network(IpAddr, u8),
    Path(PathBuf),
    Name(String),
    Assets {
        asset_type: String,
        id: String,
    },
}

/// Which hosts may be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HostRule {
    host: HostName,
    port: Port,
    /// Whether it may go without TLS.
    is_plain: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostName {
    Any,
    Exactly(String),
    Below(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    OfScheme,
    Any,
    Only(u16),
}

impl Port {
    fn covers(self, wanted: &Destination) -> bool {
        match self {
            Self::Any => true,
            Self::Only(port) => port == wanted.port,
            Self::OfScheme => wanted.port == if wanted.is_tls { 443 } else { 80 },
        }
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let (name, target) = text.split_once('=').ok_or_else(|| GrantError::Shape(text.to_owned()))?;
        let kind = GrantKind::from_name(name).ok_or_else(|| {
            let near = closest(name, GrantKind::ALL.map(GrantKind::name));
            let tip = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            GrantError::Kind(name.to_owned(), tip)
        })?;
        if target.is_empty() {
            return Err(GrantError::Empty(kind));
        }
        let wrong = |reason| GrantError::Target {
            kind,
            target: target.to_owned(),
            reason,
        };
        let reach = match kind {
            GrantKind::Net => net_reach(target).map_err(wrong)?,
            GrantKind::Read | GrantKind::Write => Reach::Path(path(target).map_err(wrong)?),
            GrantKind::Env | GrantKind::Secret | GrantKind::Run => {
                let is_name = target.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
                match is_name {
                    true => Reach::Name(target.to_owned()),
                    false => {
                        return Err(wrong(
                            "a name has letters, digits, `_`, `-` and `.` only; there are no patterns",
                        ));
                    }
                }
            }
            GrantKind::Assets => {
                let (asset_type, id) = target.split_once('/').unwrap_or(("*", target));
                if asset_type.is_empty() || id.is_empty() {
                    return Err(wrong("write ID, or TYPE/ID; `*` stands for anything"));
                }
                let (asset_type, id) = (asset_type.to_owned(), id.to_owned());
                Reach::Assets { asset_type, id }
            }
        };
        let target = target.to_owned();
        Ok(Self { kind, target, reach })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.kind, self.target)
    }
}

impl Grant {
    /// The same grant with a relative path taken from a folder.
    pub fn within(self, folder: &Path) -> Self {
        match self.reach {
            Reach::Path(path) if path.is_relative() => {
                let path = folder.join(path);
                Self {
                    target: path.display().to_string(),
                    reach: Reach::Path(path),
                    ..self
                }
            }
            _ => self,
        }
    }
}

impl TryFrom<String> for Grant {
    type Error = GrantError;

    fn try_from(text: String) -> Result<Self, GrantError> {
        text.parse()
    }
}

fn path(target: &str) -> Result<PathBuf, &'static str> {
    let path = Path::new(target);
    match path.components().any(|part| part == Component::ParentDir) {
        true => Err("`..` makes it unclear what is granted; write the path without it"),
        false => Ok(path.components().collect()),
    }
}

fn net_reach(target: &str) -> Result<Reach, &'static str> {
    if let Some((address, bits)) = target.split_once('/').filter(|_| !target.contains("://")) {
        let address: IpAddr = address.parse().map_err(|_| "a network is written as ADDRESS/BITS")?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits.parse().map_err(|_| "a network is written as ADDRESS/BITS")?;
        return match bits <= most {
            true => Ok(Reach::Network(address, bits)),
            false => Err("a network is written as ADDRESS/BITS"),
        };
    }
    let (rest, is_plain) = match target.strip_prefix("http://") {
        Some(rest) => (rest, true),
        None => (target.strip_prefix("https://").unwrap_or(target), false),
    };
    if rest.contains(['/', '@', '?', '#', ' ']) {
        return Err("give a host, or host:port; not a path and no user");
    }
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let address: Ipv6Addr = address.parse().map_err(|_| "what is in brackets is no IPv6 address")?;
            (address.to_string(), port.strip_prefix(':'))
        }
        None => match rest.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => return Err("write an IPv6 address in brackets"),
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (rest.to_owned(), None),
        },
    };
    let port = match port {
        None => Port::OfScheme,
        Some("*") => Port::Any,
        Some(text) => match text.parse() {
            Ok(0) | Err(_) => return Err("a port is a number from 1 to 65535, or `*`"),
            Ok(port) => Port::Only(port),
        },
    };
    let host = host.to_ascii_lowercase();
    let host = match (host.as_str(), host.strip_prefix("*.")) {
        ("", _) => return Err("give a host"),
        ("*", _) => HostName::Any,
        (_, Some(suffix)) if is_host_name(suffix) => HostName::Below(format!(".{suffix}")),
        (name, None) if is_host_name(name) || name.parse::<IpAddr>().is_ok() => HostName::Exactly(name.to_owned()),
        _ => return Err("`*` may only stand for the first labels, as in `*.example.com`"),
    };
    Ok(Reach::Host(HostRule { host, port, is_plain }))
}

fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && !text.ends_with('.')
        && text.split('.').all(|label| !label.is_empty())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// In lower case, without brackets.
    pub host: String,
    pub port: u16,
    pub is_tls: bool,
}

impl Destination {
    /// Reads it from a URL; nothing where that names none or says who the user is.
    pub fn of_url(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        Self::of_authority(authority, is_tls)
    }

    /// Reads `host` or `host:port`.
    pub fn of_authority(authority: &str, is_tls: bool) -> Option<Self> {
        let standard = if is_tls { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, port)) => {
                let address: Ipv6Addr = address.parse().ok()?;
                (
                    address.to_string(),
                    port.strip_prefix(':')
                        .or(port.is_empty().then_some(""))
                        .map(str::to_owned)?,
                )
            }
            None => {
                let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
                (host.to_ascii_lowercase(), port.to_owned())
            }
        };
        let port = if port.is_empty() { standard } else { port.parse().ok()? };
        let is_known = is_host_name(&host) || host.parse::<IpAddr>().is_ok();
        is_known.then_some(Self { host, port, is_tls })
    }

    /// The grant that opens it and nothing else.
    pub fn grant(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.is_tls, self.port) {
            (true, 443) => format!("net={host}"),
            (true, port) => format!("net={host}:{port}"),
            (false, 80) => format!("net=http://{host}"),
            (false, port) => format!("net=http://{host}:{port}"),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.grant()["net=".len()..])
    }
}

impl HostRule {
    fn covers(&self, wanted: &Destination) -> bool {
        let host = match &self.host {
            HostName::Any => true,
            HostName::Exactly(name) => *name == wanted.host,
            HostName::Below(suffix) => wanted.host.len() > suffix.len() && wanted.host.ends_with(suffix.as_str()),
        };
        host && self.port.covers(wanted) && (wanted.is_tls || self.is_plain || self.is_loopback())
    }

    /// Whether it names this machine itself, where TLS would guard nothing.
    fn is_loopback(&self) -> bool {
        match &self.host {
            HostName::Exactly(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            HostName::Any | HostName::Below(_) => false,
        }
    }
}

/// All that is granted to one principal: a plugin, or the expressions of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

impl FromIterator<Grant> for Grants {
    fn from_iter<T: IntoIterator<Item = Grant>>(grants: T) -> Self {
        let mut all = Vec::new();
        for grant in grants {
            if !all.contains(&grant) {
                all.push(grant);
            }
        }
        Self(all)
    }
}

impl Grants {
    /// Each grant.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    fn of(&self, kind: GrantKind) -> impl Iterator<Item = &Grant> {
        self.0.iter().filter(move |grant| grant.kind == kind)
    }

    /// The grant of a variable, a secret or a program by its name, letter for letter.
    pub fn named(&self, kind: GrantKind, name: &str) -> Option<&Grant> {
        self.of(kind)
            .find(|grant| matches!(&grant.reach, Reach::Name(known) if known == name))
    }

    /// The names that are granted of a kind.
    pub fn names(&self, kind: GrantKind) -> impl Iterator<Item = &str> {
        self.of(kind).map(|grant| grant.target.as_str())
    }

    /// The paths that are granted of a kind.
    pub fn paths(&self, kind: GrantKind) -> impl Iterator<Item = &Path> {
        self.of(kind).filter_map(|grant| match &grant.reach {
            Reach::Path(path) => Some(path.as_path()),
            _ => None,
        })
    }

    /// The grant to speak to a host. Whether its addresses may be connected to is another question.
    pub fn host(&self, wanted: &Destination) -> Option<&Grant> {
        let address: Option<IpAddr> = wanted.host.parse().ok();
        self.of(GrantKind::Net).find(|grant| match &grant.reach {
            Reach::Host(rule) => rule.covers(wanted),
            Reach::Network(network, bits) => {
                wanted.is_tls && address.is_some_and(|address| is_within(address, *network, *bits))
            }
            _ => false,
        })
    }

    /// Whether an address of this machine or of a private network is granted to be what a destination leads to: by name,
    /// by the address and the port, or by its network.
    pub fn opens_private(&self, wanted: &Destination, address: IpAddr) -> bool {
        self.of(GrantKind::Net).any(|grant| match &grant.reach {
            Reach::Host(rule) => match &rule.host {
                _ if !rule.port.covers(wanted) => false,
                HostName::Exactly(name) if name == "localhost" => wanted.host == "localhost" && address.is_loopback(),
                HostName::Exactly(name) => name.parse() == Ok(address),
                HostName::Any | HostName::Below(_) => false,
            },
            Reach::Network(network, bits) => is_within(address, *network, *bits),
            _ => false,
        })
    }

    /// The grant to declare an asset that the flow does not declare.
    pub fn asset(&self, id: &AssetId, asset_type: Option<&AssetType>) -> Option<&Grant> {
        self.of(GrantKind::Assets).find(|grant| match &grant.reach {
            Reach::Assets {
                asset_type: types,
                id: ids,
            } => {
                let is_type = types == "*" || asset_type.is_some_and(|known| matches(types, known.as_str()));
                is_type && matches(ids, id.as_str())
            }
            _ => false,
        })
    }

    /// Whether something that a plugin asks for is granted. Where the target depends on the properties, any grant of
    /// that kind may be the one.
    pub fn answer(&self, wanted: &Capability) -> bool {
        let Some(kind) = GrantKind::from_name(&wanted.kind) else {
            return false;
        };
        if wanted.target.is_empty() {
            return self.of(kind).next().is_some();
        }
        match kind {
            GrantKind::Net => {
                let destination =
                    Destination::of_url(&wanted.target).or_else(|| Destination::of_authority(&wanted.target, true));
                let is_same = self.of(kind).any(|grant| grant.target == wanted.target);
                is_same || destination.is_some_and(|destination| self.host(&destination).is_some())
            }
            GrantKind::Read | GrantKind::Write => {
                self.paths(kind).any(|path| Path::new(&wanted.target).starts_with(path))
            }
            GrantKind::Env | GrantKind::Secret | GrantKind::Run => self.named(kind, &wanted.target).is_some(),
            GrantKind::Assets => self.of(kind).any(|grant| grant.target == wanted.target),
        }
    }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

/// Whether a text fits a pattern in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A grant that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedGrant {
    pub kind: GrantKind,
    /// What was reached: a host, a path, a name.
    pub target: String,
}

/// What a principal has of what it asks for, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantView {
    /// The plugin, or `flow` for the expressions of flows.
    pub principal: String,
    pub kind: String,
    pub target: String,
    /// Whether it is granted.
    pub granted: bool,
    /// Where it is granted: a file, or the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why the plugin asks for it; nothing where it does not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub required: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(list: &[&str]) -> Grants {
        list.iter().map(|text| text.parse::<Grant>().unwrap()).collect()
    }

    fn check_host(list: &[&str], url: &str, expected: bool) {
        let wanted = Destination::of_url(url).unwrap();
        assert_eq!(grants(list).host(&wanted).is_some(), expected, "{list:?} {url}");
    }

    fn check_error(text: &str, expected: &str) {
        assert_eq!(text.parse::<Grant>().unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_host_is_granted_with_its_port_and_scheme() {
        check_host(&["net=api.example.com"], "https://api.example.com/x", true);
        check_host(&["net=api.example.com"], "https://API.Example.com/x", true);
        check_host(&["net=api.example.com"], "https://api.example.com:8443/", false);
        check_host(&["net=api.example.com:8443"], "https://api.example.com:8443/", true);
        check_host(&["net=api.example.com:*"], "https://api.example.com:8443/", true);
        check_host(&["net=api.example.com"], "http://api.example.com/", false);
        check_host(&["net=http://api.example.com"], "http://api.example.com/", true);
        check_host(&["net=localhost:8080"], "http://localhost:8080/", true);
        check_host(&["net=127.0.0.1:8080"], "http://127.0.0.1:8080/", true);
        check_host(&["net=[::1]:8080"], "http://[::1]:8080/", true);
        check_host(&["net=10.0.0.1:80"], "http://10.0.0.1/", false);
    }

    #[test]
    fn a_pattern_stands_for_names_below_a_suffix_and_not_for_the_suffix() {
        check_host(&["net=*.example.com"], "https://a.b.example.com/", true);
        check_host(&["net=*.example.com"], "https://example.com/", false);
        check_host(&["net=*.example.com"], "https://badexample.com/", false);
        check_host(&["net=*.example.com"], "https://example.com.evil.org/", false);
        check_host(&["net=*"], "https://anything.org/", true);
        check_host(&["net=*"], "http://anything.org/", false);
    }

    #[test]
    fn an_empty_grant_means_nothing() {
        check_host(&[], "https://api.example.com/", false);
        check_error("net=", "`net=` names nothing, and so would grant nothing");
        check_error("secret=", "`secret=` names nothing, and so would grant nothing");
        let none = Grants::default();
        assert_eq!(none.named(GrantKind::Env, ""), None);
        assert_eq!(none.paths(GrantKind::Read).count(), 0);
        for kind in GrantKind::ALL {
            let wanted = Capability {
                kind: kind.name().to_owned(),
                target: String::new(),
                reason: String::new(),
                required: true,
            };
            assert!(!none.answer(&wanted), "{kind}");
        }
    }

    #[test]
    fn what_is_no_grant_is_refused_with_a_reason() {
        check_error(
            "net",
            "`net` is no grant: write it as KIND=TARGET, such as `net=api.example.com`",
        );
        check_error(
            "secrets=A",
            "`secrets` is no kind of grant; there are net, read, write, env, secret, run and assets; did you mean `secret`?",
        );
        check_error(
            "net=https://user@host",
            "`net=https://user@host`: give a host, or host:port; not a path and no user",
        );
        check_error(
            "net=ex*mple.com",
            "`net=ex*mple.com`: `*` may only stand for the first labels, as in `*.example.com`",
        );
        check_error(
            "read=../x",
            "`read=../x`: `..` makes it unclear what is granted; write the path without it",
        );
        check_error(
            "env=*",
            "`env=*`: a name has letters, digits, `_`, `-` and `.` only; there are no patterns",
        );
        check_error("net=h:0", "`net=h:0`: a port is a number from 1 to 65535, or `*`");
    }

    #[test]
    fn urls_that_hide_their_host_have_no_destination() {
        let none = |url: &str| assert_eq!(Destination::of_url(url), None, "{url}");
        none("https://api.example.com@evil.org/");
        none("https://user:pass@evil.org/");
        none("https://api.example.com./");
        none("https:///path");
        none("ftp://api.example.com/");
        none("https://exa mple.com/");
        none("https://example.com:99999/");
        none("https://[::1/");
    }

    #[test]
    fn private_addresses_are_opened_by_address_or_network_only() {
        let check = |list: &[&str], url: &str, address: &str, expected: bool| {
            let opened = grants(list).opens_private(&Destination::of_url(url).unwrap(), address.parse().unwrap());
            assert_eq!(opened, expected, "{list:?} {url} {address}");
        };
        let inside = "https://internal.example";
        check(&["net=internal.example"], inside, "10.0.0.1", false);
        check(&["net=internal.example", "net=10.0.0.0/8"], inside, "10.0.0.1", true);
        check(&["net=10.0.0.0/8"], "https://x", "11.0.0.1", false);
        check(&["net=127.0.0.1:80"], "http://127.0.0.1", "127.0.0.1", true);
        check(&["net=localhost:80"], "http://localhost", "127.0.0.1", true);
        check(&["net=localhost:80"], "http://evil.example", "127.0.0.1", false);
        check(&["net=*"], "https://x", "127.0.0.1", false);
        check(&["net=fd00::/8"], "https://x", "fd12::1", true);
        // An address opens the port that is granted, and no other.
        for (grant, url, expected) in [
            ("net=127.0.0.1:9", "http://vm:18080", false),
            ("net=127.0.0.1:18080", "http://vm:18080", true),
            ("net=127.0.0.1:*", "http://vm:18080", true),
            ("net=127.0.0.1", "http://vm:18080", false),
            ("net=127.0.0.1", "http://vm", true),
            ("net=127.0.0.1", "https://vm", true),
            ("net=localhost:9", "http://localhost:18080", false),
        ] {
            check(&["net=http://vm:*", grant], url, "127.0.0.1", expected);
        }
    }

    #[test]
    fn assets_are_granted_by_type_and_id() {
        let check = |grant: &str, asset_type: Option<&str>, id: &str, expected: bool| {
            let asset_type = asset_type.map(|name| AssetType::parse(name).unwrap());
            let found = grants(&[grant])
                .asset(&AssetId::parse(id).unwrap(), asset_type.as_ref())
                .is_some();
            assert_eq!(found, expected, "{grant} {asset_type:?} {id}");
        };
        check("assets=web-1", None, "web-1", true);
        check("assets=web-1", None, "web-10", false);
        check("assets=web-*", Some("VM"), "web-10", true);
        check("assets=VM/*", Some("VM"), "anything", true);
        check("assets=VM/*", Some("Disk"), "anything", false);
        check("assets=VM/*", None, "anything", false);
        check("assets=*a*b", None, "xaxb", true);
        check("assets=*a*b", None, "xaxbc", false);
    }
}

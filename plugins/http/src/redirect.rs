//! Where a redirect leads, and what of the request goes along.

use begat_task::{HttpRequest, HttpResponse};

/// The request that follows an answer, where that is a redirect (RFC 9110, section 15.4).
pub fn next(request: &HttpRequest, response: &HttpResponse) -> Option<HttpRequest> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let url = resolve(&request.url, response.header("location")?)?;
    let mut next = HttpRequest { url, ..request.clone() };
    let becomes_get = response.status == 303 || (matches!(response.status, 301 | 302) && request.method == "POST");
    if becomes_get && request.method != "HEAD" {
        next.method = "GET".to_owned();
        next.body = Vec::new();
        next.headers
            .retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
    }
    // What says who asks is meant for the host that was asked.
    if origin(&next.url) != origin(&request.url) {
        next.headers
            .retain(|(name, _)| !["authorization", "cookie"].contains(&name.to_ascii_lowercase().as_str()));
    }
    Some(next)
}

/// The scheme and the host of a URL.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}

fn resolve(base: &str, location: &str) -> Option<String> {
    let location = location.split('#').next()?;
    if location.contains("://") {
        return Some(location.to_owned());
    }
    let (scheme, rest) = base.split_once("://")?;
    if let Some(other) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let path = path.split(['?', '#']).next()?;
    match location.chars().next() {
        None => Some(format!("{scheme}://{host}{path}")),
        Some('/') => Some(format!("{scheme}://{host}{location}")),
        Some('?') => Some(format!("{scheme}://{host}{path}{location}")),
        Some(_) => {
            let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
            Some(format!("{scheme}://{host}{folder}{location}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_from_where_it_was_said() {
        let check = |location: &str, expected: &str| {
            assert_eq!(resolve("https://a.org/x/y?q", location).as_deref(), Some(expected));
        };
        check("https://b.org/z", "https://b.org/z");
        check("//b.org/z", "https://b.org/z");
        check("/z?r#s", "https://a.org/z?r");
        check("z", "https://a.org/x/z");
        check("?r", "https://a.org/x/y?r");
    }
}

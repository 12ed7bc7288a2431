//! Holds `SECURITY.md` against the limits there are.

use super::limits::{LimitScope, Limits};

const START: &str = "<!-- limits: written by BEGAT_UPDATE=1 cargo test --lib security -->\n";
const END: &str = "<!-- end of limits -->";

fn table() -> String {
    let mut text = "\n| limit | default | set for | what it bounds | why |\n|---|---|---|---|---|\n".to_owned();
    for info in Limits::table() {
        let scope = match info.scope {
            LimitScope::Plugin => "each plugin",
            LimitScope::All => "all plugins",
        };
        text += &format!(
            "| `{}` | {} | {scope} | {} | {} |\n",
            info.name, info.default, info.bounds, info.reason
        );
    }
    text + "\n"
}

#[test]
fn the_limits_in_the_security_model_are_those_of_the_sandbox() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/SECURITY.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(START).unwrap();
    let (kept, after) = rest.split_once(END).unwrap();
    if std::env::var_os("BEGAT_UPDATE").is_some() {
        std::fs::write(path, format!("{before}{START}{}{END}{after}", table())).unwrap();
        return;
    }
    assert!(
        kept == table(),
        "SECURITY.md is out of date; run the test with BEGAT_UPDATE=1"
    );
}

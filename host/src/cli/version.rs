//! What this binary is: its version, the commit it was built from where that is known, and what it can run.

use std::sync::LazyLock;

/// The version in one line.
pub(super) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// Who asks for `--version` wants to know what can be relied on.
pub(super) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(told);
    &LONG
}

fn told() -> String {
    // `make dist` says it; a build for oneself changes with every edit and has none to name.
    let commit = option_env!("BEGAT_COMMIT").filter(|commit| !commit.is_empty());
    format!(
        "{SHORT}\ncommit {}\nwasmtime {}\ncontracts {}",
        commit.unwrap_or("unknown, built for oneself"),
        env!("BEGAT_WASMTIME"),
        crate::app::CONTRACTS.join(", "),
    )
}

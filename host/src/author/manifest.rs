//! The manifest of the SDK as it stands alone, outside the workspace it is developed in.

/// Puts what a manifest takes from its workspace in its place, and leaves out the lints, which are the workspace's.
pub(super) fn standalone(manifest: &str, workspace: &str) -> String {
    let mut text = String::new();
    let mut is_skipped = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_skipped = line == "[lints]";
        }
        if is_skipped {
            continue;
        }
        text += &match line.split_once(" = ") {
            Some((name, "{ workspace = true }")) => inherited(workspace, "[workspace.dependencies]", name, line),
            Some((name, "true")) if name.ends_with(".workspace") => {
                let name = name.trim_end_matches(".workspace");
                inherited(workspace, "[workspace.package]", name, line)
            }
            _ => line.to_owned(),
        };
        text.push('\n');
    }
    text
}

/// The line of a table that gives a name its value; the line as it is where there is none.
fn inherited(workspace: &str, table: &str, name: &str, line: &str) -> String {
    let lines = workspace.lines().skip_while(|line| *line != table).skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    let start = format!("{name} = ");
    lines
        .find(|line| line.starts_with(&start))
        .map_or_else(|| line.to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::carried::{SDK_MANIFEST, WORKSPACE_MANIFEST};
    use super::standalone;

    #[test]
    fn what_the_workspace_says_is_put_in_its_place() {
        let workspace = "[workspace.package]\nversion = \"1.2.3\"\n\n[workspace.dependencies]\nserde = \"1\"\n";
        let manifest = "[package]\nname = \"a\"\nversion.workspace = true\n\n[lints]\nworkspace = true\n\n\
                        [dependencies]\nserde = { workspace = true }\nother = \"2\"\n";
        assert_eq!(
            standalone(manifest, workspace),
            "[package]\nname = \"a\"\nversion = \"1.2.3\"\n\n[dependencies]\nserde = \"1\"\nother = \"2\"\n"
        );
    }

    #[test]
    fn the_sdk_stands_alone() {
        let text = standalone(SDK_MANIFEST, WORKSPACE_MANIFEST);
        assert!(!text.contains("workspace"), "{text}");
        assert!(text.contains("edition = \"2024\""), "{text}");
    }
}

//! The labels that begat writes on a snapshot, by which it knows its own again.

use std::collections::BTreeMap;

use begat_task::Context;
use uuid::Uuid;

use crate::api::Snapshot;
use crate::properties::Wanted;

/// What begat's own labels begin with.
pub(crate) const PREFIX: &str = "begat-";
/// How many there are.
pub(crate) const COUNT: usize = 3;
/// Which schedule a snapshot belongs to.
pub(crate) const SCHEDULE: &str = "begat-schedule";
/// Which execution made it.
const EXECUTION: &str = "begat-execution";
/// Which task of it.
const TASK: &str = "begat-task";
/// The most characters of a label.
const LONGEST: usize = 63;

/// The schedule that a snapshot belongs to, as a label.
pub(crate) fn schedule(context: &Context, wanted: &Wanted) -> String {
    match &wanted.schedule {
        Some(given) => label(given),
        None => label(&format!(
            "{}/{}/{}",
            context.namespace(),
            context.flow_id(),
            context.task_id()
        )),
    }
}

/// The flow's labels and begat's.
pub(crate) fn all(context: &Context, wanted: &Wanted) -> BTreeMap<String, String> {
    let mut labels = wanted.labels.clone();
    labels.insert(SCHEDULE.to_owned(), schedule(context, wanted));
    labels.insert(EXECUTION.to_owned(), label(context.execution_id()));
    labels.insert(TASK.to_owned(), label(context.task_id()));
    labels
}

/// Whether a snapshot is the one that this task made, in an earlier attempt.
pub(crate) fn is_own(context: &Context, snapshot: &Snapshot) -> bool {
    let has = |key: &str, value: &str| snapshot.labels.get(key).is_some_and(|known| *known == label(value));
    has(EXECUTION, context.execution_id()) && has(TASK, context.task_id())
}

/// Whether a snapshot is of a disk, whatever address the link begins with.
pub(crate) fn is_of(snapshot: &Snapshot, wanted: &Wanted) -> bool {
    let end = format!(
        "/projects/{}/zones/{}/disks/{}",
        wanted.project, wanted.zone, wanted.disk
    );
    snapshot.source_disk.as_deref().is_some_and(|link| link.ends_with(&end))
}

/// Text as a label. What has to be changed for that ends with a digest, so that different texts stay different.
fn label(text: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if text.len() <= LONGEST && text.chars().all(fits) {
        return text.to_owned();
    }
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).simple().to_string();
    let plain = text.to_lowercase();
    let plain = plain.chars().map(|c| if fits(c) { c } else { '_' });
    let start: String = plain.take(LONGEST - 13).collect();
    format!("{start}-{}", &digest[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fit_and_stay_different() {
        assert_eq!(label("nightly-backup_1"), "nightly-backup_1");
        let texts = ["a.b", "a_b", "A_b", "a/b", "", "é", &"x".repeat(64), &"x".repeat(65)];
        let labels: std::collections::BTreeSet<String> = texts.iter().map(|text| label(text)).collect();
        assert_eq!(labels.len(), texts.len());
        for label in labels {
            let fits = label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            assert!(
                fits && label.len() <= LONGEST && label == label.to_lowercase(),
                "{label}"
            );
        }
    }
}

//! The simulated provider: answers as far as can be known without a cloud.

use crate::Outputs;
use crate::properties::Wanted;

/// Takes the snapshot. It is ready at once, and has no size, link or number, since nobody measured or gave one.
pub(crate) fn take(wanted: &Wanted) -> Outputs {
    Outputs {
        name: wanted.name.clone(),
        project: wanted.project.clone(),
        zone: wanted.zone.clone(),
        source_disk: wanted.disk.clone(),
        status: "READY".to_owned(),
        labels: wanted.labels.clone(),
        description: wanted.description.clone(),
        storage_locations: wanted.storage_locations.clone(),
        retention_days: wanted.retention_days,
        simulated: true,
    }
}

//! Moments written as text.

use crate::model::Timestamp;

/// Reads an ISO 8601 moment with its offset, such as `2026-03-14T09:26:53Z`.
pub(super) fn parse_iso_moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

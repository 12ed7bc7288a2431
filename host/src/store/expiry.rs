//! Assets that are good until some day: metadata says so, at paths that every type has or that one type names.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Asset, AssetId, AssetTypeDefinition, EXPIRY_PATHS, Timestamp, at_path, parse_expiry};

use super::{Catalog, StoreError, assets, dependents};

/// An asset, where its metadata says until when it is good, and until when that is.
pub type Expiring = (Asset, String, Timestamp);

impl Catalog {
    /// The assets that are good until `until` or less long, soonest first.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn expiring(&self, until: Timestamp) -> Result<Vec<Expiring>, StoreError> {
        let types = self.asset_types()?;
        let own = types.iter().flat_map(|known| known.expiry.iter().map(String::as_str));
        let paths: BTreeSet<&str> = EXPIRY_PATHS.into_iter().chain(own).collect();
        // Dates and times in UTC are in the order of their text up to the day; the day after the last decides.
        let day_after = until
            .checked_add(jiff::SignedDuration::from_hours(48))
            .unwrap_or(Timestamp::MAX)
            .strftime("%Y-%m-%d")
            .to_string();
        let mut found = self.read(|connection| {
            let mut found: BTreeMap<(AssetId, String), Expiring> = BTreeMap::new();
            for path in &paths {
                for (id, text) in dependents::with_values_until(connection, path, &day_after)? {
                    let Some(time) = parse_expiry(&text).filter(|time| *time <= until) else {
                        continue;
                    };
                    let Some(asset) = assets::find(connection, &id)? else {
                        continue;
                    };
                    if expiry_paths(&asset, &types).any(|known| known == *path) {
                        found.insert((id, (*path).to_owned()), (asset, (*path).to_owned(), time));
                    }
                }
            }
            Ok(found.into_values().collect::<Vec<_>>())
        })?;
        found.sort_by(|(left, _, a), (right, _, b)| (a, &left.id).cmp(&(b, &right.id)));
        Ok(found)
    }

    /// Until when an asset is good, at each place that says so.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn expiries(&self, asset: &Asset) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let types = self.asset_types()?;
        let said = |path: &str| {
            let time = at_path(asset, path)?.as_str().and_then(parse_expiry)?;
            Some((path.to_owned(), time))
        };
        Ok(expiry_paths(asset, &types).filter_map(said).collect())
    }
}

/// Where an asset may say until when it is good.
fn expiry_paths<'a>(asset: &'a Asset, types: &'a [AssetTypeDefinition]) -> impl Iterator<Item = &'a str> {
    let own = types.iter().filter(|known| known.name == asset.asset_type);
    EXPIRY_PATHS
        .into_iter()
        .chain(own.flat_map(|known| known.expiry.iter().map(String::as_str)))
}

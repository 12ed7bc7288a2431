//! The end of the log, to be kept where nobody who can write the catalog can write.

use crate::model::{Checkpoint, digest};

use super::chain::Head;
use super::{Catalog, StoreError};

impl Catalog {
    /// Where the log ends now.
    ///
    /// # Errors
    /// When the catalog cannot be read, or its tables and its log are out of step.
    pub fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        self.read(|connection| {
            let head = Head::read_in_step(connection)?;
            Ok(Checkpoint {
                sequence: head.seq.unsigned_abs(),
                hash: digest::hexadecimal(&head.hash),
                time: head.time,
            })
        })
    }
}

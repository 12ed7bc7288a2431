//! Files that inputs name. Only the host can look at them; here it is decided what to ask it.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::model::Json;

/// A file as the host found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInput {
    /// What expressions see, such as `file:///home/ada/data.csv`.
    pub uri: String,
}

impl FileInput {
    /// What may stand in the path of a URI as it is (RFC 3986, section 3.3).
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');

    /// The file at an absolute path.
    pub fn at(path: &Path) -> Self {
        let path = percent_encode(path.as_os_str().as_encoded_bytes(), Self::PLAIN);
        Self {
            uri: format!("file://{path}"),
        }
    }
}

/// Who names a file: a flow is not trusted with the names of the host's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOrigin {
    /// Whoever runs the flow.
    User,
    /// The flow itself, by a default.
    Flow,
}

type FindFile<'a> = dyn Fn(&Path, FileOrigin) -> Result<FileInput, String> + Sync + 'a;

/// The value of an input that names a file, or of one that names several.
pub(super) fn find(value: &Json, origin: FileOrigin, find_file: &FindFile<'_>) -> Result<Json, String> {
    match value {
        Json::Array(items) => items.iter().map(|item| find(item, origin, find_file)).collect(),
        Json::String(text) => {
            let path = match text.split_once("://") {
                None => text.clone(),
                Some(("file", path)) => percent_decode_str(path)
                    .decode_utf8()
                    .map_err(|_| format!("`{text}` is no path"))?
                    .into_owned(),
                Some((scheme, _)) => return Err(format!("files of `{scheme}://` are not supported yet")),
            };
            find_file(Path::new(&path), origin).map(|file| Json::from(file.uri))
        }
        other => Ok(other.clone()),
    }
}

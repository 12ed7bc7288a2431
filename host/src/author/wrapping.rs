//! From a core module, as C compilers make it, to a component of the contract.

use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The world of the contract that plugins are built against.
pub(super) const WORLD: &str = "plugin";

/// Makes a component of a module that has the exports of the contract in a folder. The error says what it lacks.
pub(super) fn component(mut module: Vec<u8>, contract: &Path) -> Result<Vec<u8>, String> {
    let said = |error: anyhow::Error| format!("{error:#}");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(contract).map_err(said)?;
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(said)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(said)?;
    let encoder = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .map_err(said)?;
    // What libc wants of a system, in the words of the system there is.
    let encoder = encoder.adapter(
        WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
        WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    );
    encoder.map_err(said)?.encode().map_err(said)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use wit_bindgen_core::Files;
    use wit_bindgen_core::wit_parser::Resolve;

    use super::{WORLD, component};

    fn contract() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/task-0.1")
    }

    /// `BEGAT_UPDATE=1` writes them anew.
    #[test]
    fn the_bindings_for_c_are_those_of_the_contract() {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(contract()).expect("the contract is there");
        let world = resolve.select_world(&[package], Some(WORLD)).expect("it has the world");
        let options = wit_bindgen_c::Opts {
            no_object_file: true,
            ..wit_bindgen_c::Opts::default()
        };
        let mut files = Files::default();
        options
            .build()
            .generate(&mut resolve, world, &mut files)
            .expect("bindings are made");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/author/templates/c/vendor");
        for (name, text) in files.iter() {
            let path = folder.join(name);
            if std::env::var_os("BEGAT_UPDATE").is_some() {
                fs::write(&path, text).expect("the folder of templates can be written");
            }
            assert!(
                fs::read(&path).is_ok_and(|known| known == text),
                "`{name}` is not what wit-bindgen makes: run this test with BEGAT_UPDATE=1"
            );
        }
    }

    #[test]
    fn a_module_that_lacks_what_the_contract_wants_is_told() {
        // The smallest module there is.
        let said = component(b"\0asm\x01\0\0\0".to_vec(), &contract()).expect_err("it exports nothing");
        assert!(said.contains("begat:task/task@0.1.0"), "{said}");
    }
}

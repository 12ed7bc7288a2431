//! The interfaces of WASI 0.2 that a component may import: only those that it does are linked, since each takes time.

use std::path::{Component as Part, Path};

use wasmtime::component::{Component, Linker, Resource};
use wasmtime::{Engine, Result, StoreContextMut};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2;
use wasmtime_wasi::p2::bindings::filesystem::types::{Descriptor, ErrorCode, HostDescriptor};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random, sockets};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

use super::abi_0_1::{self, Guest};

/// An interface without its version, and what links it.
type Interface = (&'static str, fn(&mut Linker<Guest>) -> Result<()>);

/// Those beside the ones that nearly every component imports. To be linked gives nothing away: what a component reaches
/// through them is decided by its grants.
const INTERFACES: &[Interface] = &[
    ("wasi:cli/environment", |linker| {
        cli::environment::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:cli/exit", |linker| {
        cli::exit::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:cli/terminal-input", |linker| {
        cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:cli/terminal-output", |linker| {
        cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:cli/terminal-stdin", |linker| {
        cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:cli/terminal-stdout", |linker| {
        cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:cli/terminal-stderr", |linker| {
        cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Guest::cli)
    }),
    ("wasi:filesystem/preopens", |linker| {
        filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, Guest::filesystem)
    }),
    ("wasi:filesystem/types", |linker| {
        filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, Guest::filesystem)
    }),
    ("wasi:random/insecure", |linker| {
        random::insecure::add_to_linker::<_, WasiRandom>(linker, Guest::random)
    }),
    ("wasi:random/insecure-seed", |linker| {
        random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, Guest::random)
    }),
    ("wasi:sockets/instance-network", |linker| {
        sockets::instance_network::add_to_linker::<_, WasiSockets>(linker, Guest::sockets)
    }),
    ("wasi:sockets/ip-name-lookup", |linker| {
        sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(linker, Guest::sockets)
    }),
    ("wasi:sockets/network", |linker| {
        let options = p2::bindings::LinkOptions::default();
        sockets::network::add_to_linker::<_, WasiSockets>(linker, &(&options).into(), Guest::sockets)
    }),
    ("wasi:sockets/tcp", |linker| {
        sockets::tcp::add_to_linker::<_, WasiSockets>(linker, Guest::sockets)
    }),
    ("wasi:sockets/tcp-create-socket", |linker| {
        sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(linker, Guest::sockets)
    }),
    ("wasi:sockets/udp", |linker| {
        sockets::udp::add_to_linker::<_, WasiSockets>(linker, Guest::sockets)
    }),
    ("wasi:sockets/udp-create-socket", |linker| {
        sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(linker, Guest::sockets)
    }),
    ("wasi:http/outgoing-handler", |linker| {
        http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, Guest::http)
    }),
    ("wasi:http/types", |linker| {
        let options = wasmtime_wasi_http::p2::bindings::LinkOptions::default();
        http::types::add_to_linker::<_, WasiHttp>(linker, &(&options).into(), Guest::http)
    }),
];

const FILES: &str = "wasi:filesystem/types";
/// The same as the library links it.
const LINKED_FILES: &str = "wasi:filesystem/types@0.2.12";

/// Has guests make only links that cannot lead out of the folder they are in, wherever in it they are moved: programs of
/// the host that work in the folder follow them.
fn bound_links(linker: &mut Linker<Guest>) -> Result<()> {
    type Arguments = (Resource<Descriptor>, String, String);
    linker.allow_shadowing(true);
    linker.instance(LINKED_FILES)?.func_wrap_async(
        "[method]descriptor.symlink-at",
        |mut store: StoreContextMut<'_, Guest>, (folder, target, name): Arguments| {
            Box::new(async move {
                let stays = Path::new(&target)
                    .components()
                    .all(|part| matches!(part, Part::Normal(_) | Part::CurDir));
                if !stays {
                    return Ok((Err(ErrorCode::NotPermitted),));
                }
                let mut files = store.data_mut().filesystem();
                match files.symlink_at(folder, target, name).await {
                    Ok(()) => Ok((Ok(()),)),
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// A linker with all that a component imports and begat has.
pub(super) fn linker(component: &Component, engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_proxy_interfaces_async(&mut linker)?;
    abi_0_1::add_to_linker(&mut linker)?;
    for (import, _) in component.component_type().imports(engine) {
        let name = import.split('@').next().unwrap_or(import);
        if let Some((_, link)) = INTERFACES.iter().find(|(known, _)| *known == name) {
            link(&mut linker)?;
        }
        if name == FILES {
            bound_links(&mut linker)?;
        }
    }
    Ok(linker)
}

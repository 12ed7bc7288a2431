//! Attacks on the folder, on handles and on secrets.

use std::fs;
use std::io::Write;

use begat_task::{Context, Failure};
use serde_json::{Value, json};

/// Ways out of `/work`, with what each gave; all must fail.
pub fn reached() -> Vec<String> {
    let mut reached = Vec::new();
    let mut tried = |what: &str, gave: bool| {
        if gave {
            reached.push(what.to_owned());
        }
    };
    for path in [
        "/etc/passwd",
        "../etc/passwd",
        "/work/../etc/passwd",
        "/work/../../etc/passwd",
        "/proc/self/environ",
    ] {
        tried(path, fs::read(path).is_ok());
    }
    tried("the folder above", fs::read_dir("/work/..").is_ok());
    tried("the root", fs::read_dir("/").is_ok());
    tried("a trailing slash", fs::read("/work/../etc/passwd/").is_ok());
    {
        tried(
            "an absolute link",
            link("/etc/passwd", "absolute") && fs::read("/work/absolute").is_ok(),
        );
        let made = link("../../../../etc/passwd", "relative");
        tried("a relative link", made && fs::read("/work/relative").is_ok());
        let made = link("..", "up");
        tried("a link to the folder above", made && fs::read_dir("/work/up").is_ok());
        tried("a link with a slash behind it", fs::read_dir("/work/up/").is_ok());
    }
    tried("a hard link", fs::hard_link("/etc/passwd", "/work/hard").is_ok());
    tried(
        "a hard link out",
        fs::write("/work/own", "x").is_ok() && fs::hard_link("/work/own", "/work/../own").is_ok(),
    );
    tried("a rename out", fs::rename("/work/own", "/work/../own").is_ok());
    tried("a folder out", fs::create_dir("/work/../made").is_ok());
    reached
}

/// Makes a link in `/work`; says whether it could.
#[cfg_attr(
    not(target_family = "wasm"),
    allow(unused_variables, reason = "links are made by WASI alone")
)]
fn link(to: &str, name: &str) -> bool {
    #[cfg(target_family = "wasm")]
    {
        let mut folders = wasip2::filesystem::preopens::get_directories().into_iter();
        let work = folders.find(|(_, path)| path == "/work");
        work.is_some_and(|(work, _)| work.symlink_at(to, name).is_ok())
    }
    #[cfg(not(target_family = "wasm"))]
    false
}

/// The links that could be left for the next task, of which only the first may lead anywhere.
pub fn links() -> Vec<&'static str> {
    // A folder that is there already is as good.
    drop(fs::create_dir("/work/folder"));
    let links = [
        ("folder/own", "inside"),
        ("/etc/passwd", "absolute"),
        ("../outside", "up"),
        ("folder/../../outside", "round"),
        ("..", "folder/deep"),
        ("folder/", "../beside"),
    ];
    let made = links.into_iter().filter(|(to, name)| link(to, name));
    made.map(|(_, name)| name).collect()
}

/// Has a name be a file and a link in turns, while others work in the folder.
pub fn swap(most: usize) -> usize {
    let mut count = 0;
    // Others may have removed what it removes.
    drop(fs::write("/work/secret", "secret"));
    while fs::metadata("/work/done").is_err() && count < most {
        drop(fs::remove_file("/work/a"));
        drop(fs::write("/work/a", "public"));
        drop(fs::remove_file("/work/a"));
        link("secret", "a");
        count += 1;
    }
    count
}

/// Copies a file, `FROM>TO`, and changes the first; with `!` at the end it fails afterwards.
pub fn copy(target: &str) -> Result<Value, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("copying failed: {}", error.kind()));
    let fails = target.ends_with('!');
    let (from, to) = target.trim_end_matches('!').split_once('>').unwrap_or_default();
    let text = fs::read_to_string(from).map_err(failed)?;
    fs::write(to, &text).map_err(failed)?;
    // Whether it may is for the host to say; it is told in the outputs.
    let changed = fs::write(from, "changed").is_ok();
    match fails {
        true => Err(Failure::failed("it failed after it wrote")),
        false => Ok(json!({"read": text, "changed": changed})),
    }
}

/// Opens files until no handle is left.
pub fn hoard_handles() {
    let mut held = Vec::new();
    loop {
        match fs::File::create("/work/one") {
            Ok(file) => held.push(file),
            Err(error) => panic!("no more handles after {}: {error}", held.len()),
        }
    }
}

/// Asks for more fresh randomness than one request may give.
pub fn much_randomness() {
    #[cfg(target_family = "wasm")]
    {
        let bytes = wasip2::random::random::get_random_bytes(2 * 1024 * 1024);
        assert!(bytes.is_empty(), "it was given {} bytes", bytes.len());
    }
}

/// Writes until the disk is full.
pub fn fill_folder() -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("writing failed: {error}"));
    let mut file = fs::File::create("/work/large").map_err(failed)?;
    let chunk = vec![1_u8; 1024 * 1024];
    loop {
        file.write_all(&chunk).map_err(failed)?;
    }
}

/// Makes files until no more can be made.
pub fn litter_folder() -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("writing failed: {error}"));
    for number in 0_u64.. {
        fs::write(format!("/work/{number}"), "").map_err(failed)?;
    }
    Ok(())
}

/// Tells a secret in every way there is.
pub fn tell(context: &Context, attack: &str, secret: &str) -> Result<Value, Failure> {
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    match attack {
        "split" => {
            let (start, end) = secret.split_at(secret.len() / 2);
            context.log_info(&format!("it begins {start}"));
            context.log_info(&format!("{end} is its end"));
            let mut out = std::io::stdout();
            let failed = |error: std::io::Error| Failure::failed(error.to_string());
            out.write_all(start.as_bytes()).map_err(failed)?;
            out.flush().map_err(failed)?;
            out.write_all(end.as_bytes()).map_err(failed)?;
            out.flush().map_err(failed)?;
            Ok(Value::Null)
        }
        "echo" => {
            context.log_info(&format!(
                "it is {secret}, or {encoded}, or {}",
                base64(secret.as_bytes())
            ));
            Ok(json!({"plain": secret, (secret): 1, "base64": base64(format!("x{secret}").as_bytes())}))
        }
        _ => Err(Failure::failed(format!("it is {secret}")).with("secret", secret)),
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (word >> (18 - 6 * place)) & 63;
            text.push(char::from(LETTERS[index as usize]));
        }
        (chunk.len()..3).for_each(|_| text.push('='));
    }
    text
}

//! A component that breaks the contract itself: what it answers is no JSON, no UTF-8, far too much, or a lie.
//!
//! Its description depends on a word in its data, which tests replace in the compiled file. `tests/hostile.rs` names
//! each of its task types and words, and fails where one is missing.

/// The word, kept where it can be found in the file.
#[cfg(target_family = "wasm")]
static WORD: [u8; 24] = *b"describe-as:honest......";

/// What it can do instead of answering honestly.
pub const WORDS: [&str; 10] = [
    "honest", "trap", "loop", "nameless", "schema", "thief", "flood", "impostor", "flow", "strange",
];

/// Its task types.
pub const ATTACKS: [&str; 6] = [
    "liar.invalid",
    "liar.list",
    "liar.deep",
    "liar.utf8",
    "liar.length",
    "liar.million",
];

#[cfg(target_family = "wasm")]
mod component {
    use begat_task::bindings::{self, Guest, task, types};

    use super::{ATTACKS, WORD};

    struct Liar;

    fn word() -> String {
        let bytes = std::hint::black_box(&WORD);
        let text = String::from_utf8_lossy(bytes);
        text.trim_start_matches("describe-as:").trim_end_matches('.').to_owned()
    }

    fn task_type(name: &str, schema: &str) -> task::TaskType {
        task::TaskType {
            name: name.to_owned(),
            aliases: Vec::new(),
            summary: "Breaks the contract".to_owned(),
            properties: schema.to_owned(),
            outputs: "{}".to_owned(),
        }
    }

    fn asset(id: String) -> types::Asset {
        types::Asset {
            id,
            type_: None,
            namespace: None,
            display_name: None,
            description: None,
            metadata: "{}".to_owned(),
        }
    }

    impl Guest for Liar {
        fn describe() -> task::Description {
            let mut task_types: Vec<_> = ATTACKS.iter().map(|name| task_type(name, "{}")).collect();
            let mut name = "liar";
            match word().as_str() {
                "trap" => panic!("there is nothing to describe"),
                "loop" => loop {
                    std::hint::black_box(0);
                },
                "nameless" => name = "",
                "schema" => task_types = vec![task_type("liar.invalid", "{{{")],
                // It claims the type of a plugin that others trust.
                "thief" => task_types = vec![task_type("http.request", "{}")],
                // It claims only the name, and with it what is granted to that name.
                "impostor" => name = "http",
                "flow" => name = "flow",
                "strange" => name = "liar\n::error::forged",
                "flood" => {
                    task_types = (0..200_000)
                        .map(|number| task_type(&format!("liar.t{number}"), "{}"))
                        .collect()
                }
                _ => {}
            }
            task::Description {
                name: name.to_owned(),
                version: "0.1.0".to_owned(),
                summary: "Breaks the contract".to_owned(),
                task_types,
                capabilities: Vec::new(),
            }
        }

        fn run(request: task::Request) -> Result<String, types::Failure> {
            Ok(match request.type_.as_str() {
                "liar.invalid" => "{\"said\": ".to_owned(),
                "liar.list" => "[1, 2]".to_owned(),
                "liar.deep" => format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
                "liar.utf8" => {
                    #[expect(unsafe_code, reason = "a component may answer with any bytes")]
                    // SAFETY: it is not; that is the attack.
                    unsafe {
                        String::from_utf8_unchecked(vec![b'{', 0xff, 0xfe, b'}'])
                    }
                }
                "liar.length" => {
                    let bytes = Box::leak(vec![b'{'; 16].into_boxed_slice());
                    #[expect(unsafe_code, reason = "a component may answer with any length")]
                    // SAFETY: it is not; that is the attack.
                    unsafe {
                        String::from_raw_parts(bytes.as_mut_ptr(), 0x7fff_fff0, 0x7fff_fff0)
                    }
                }
                _ => "{}".to_owned(),
            })
        }

        fn declare(
            request: task::Request,
            _: String,
            declared: Vec<types::Bundle>,
        ) -> Result<Vec<types::Bundle>, types::Failure> {
            if request.type_ != "liar.million" {
                return Ok(declared);
            }
            let outputs = (0..1_000_000).map(|number| asset(format!("a{number}"))).collect();
            Ok(vec![types::Bundle {
                inputs: Vec::new(),
                outputs,
            }])
        }
    }

    bindings::export!(Liar with_types_in begat_task::bindings::generated);
}

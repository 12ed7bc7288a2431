//! Hostile plugins beside others: components of many parts, and folders that tasks share.

use crate::world::{World, guests, liar};

/// A component with core modules beside its own, each instantiated so many times. They lie in sections after all others.
fn with_modules(component: &[u8], modules: &[(Vec<u8>, u32)]) -> Vec<u8> {
    fn number(mut value: u32, bytes: &mut Vec<u8>) {
        while value >= 0x80 {
            bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        bytes.push(u8::try_from(value).unwrap());
    }
    fn section(id: u8, content: &[u8], bytes: &mut Vec<u8>) {
        bytes.push(id);
        number(u32::try_from(content.len()).unwrap(), bytes);
        bytes.extend(content);
    }
    let (mut index, mut place) = (0, 8);
    while place < component.len() {
        index += u32::from(component[place] == 1);
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            place += 1;
            length |= usize::from(component[place] & 0x7f) << shift;
            shift += 7;
            if component[place] & 0x80 == 0 {
                break;
            }
        }
        place += 1 + length;
    }
    let mut bytes = component.to_vec();
    for (module, times) in modules {
        section(1, module, &mut bytes);
        let mut instances = Vec::new();
        number(*times, &mut instances);
        for _ in 0..*times {
            instances.push(0);
            number(index, &mut instances);
            instances.push(0);
        }
        section(2, &instances, &mut bytes);
        index += 1;
    }
    bytes
}

/// A module with memories of one page, and with tables of so many entries.
fn module(memories: u32, tables: &[u64]) -> Vec<u8> {
    use wasm_encoder::{MemorySection, MemoryType, Module, RefType, TableSection, TableType};
    let (mut module, mut table_section, mut memory_section) =
        (Module::new(), TableSection::new(), MemorySection::new());
    for entries in tables {
        table_section.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: *entries,
            maximum: None,
            shared: false,
        });
    }
    for _ in 0..memories {
        memory_section.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
    }
    module.section(&table_section).section(&memory_section);
    module.finish()
}

#[test]
fn parts_are_counted_and_the_limit_is_named_and_follows_the_settings() {
    let world = World::new();
    let honest = liar("honest");
    let check = |modules: &[(Vec<u8>, u32)], limits: &str, expected: Option<&str>| {
        let folder = world.folder.join("parts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("liar.wasm"), with_modules(&honest, modules)).unwrap();
        let settings = world.file("begat.toml", format!("[limits]\n{limits}\n"));
        let plugins = folder.display().to_string();
        // What is known of a component is not asked again, so that each time must be the first.
        let cache = world.folder.join("cache");
        drop(std::fs::remove_dir_all(&cache));
        let answer = world.with_cache(
            &cache,
            &["plugin", "list", "--plugins", &plugins, "--config", &settings],
        );
        match expected {
            None => assert_eq!(answer.code, Some(0), "{limits}: {}", answer.stderr),
            Some(words) => assert!(answer.stderr.contains(words), "{limits}: {}", answer.stderr),
        }
        assert_eq!(answer.code == Some(0), expected.is_none(), "{limits}");
    };
    let many = |limit: u32| format!("more core instances, memories or tables than its limit of {limit} (`instances`)");
    check(&[(module(0, &[]), 40)], "", Some(&many(32)));
    check(&[(module(0, &[]), 40)], "instances = 100", None);
    check(&[(module(40, &[]), 1)], "", Some(&many(32)));
    check(&[(module(2, &[1, 1]), 10)], "", None);
    check(&[(module(40, &[1; 40]), 2)], "instances = 200", None);
    let tables = "the task needs more table entries than its limit of 100000 (`table_entries`)";
    check(&[(module(0, &[120_000]), 1)], "", Some(tables));
    check(&[(module(0, &[60_000, 60_000]), 1)], "", Some(tables));
    check(&[(module(0, &[120_000]), 1)], "table_entries = 200000", None);
    check(
        &[],
        "component_size = \"1 KiB\"",
        Some("at most 1024 are allowed (`component_size`)"),
    );
    check(
        &[(module(1, &[]), 3)],
        "compile_time = \"1 ms\"",
        Some("longer than its limit of 0.001 s (`compile_time`)"),
    );
    check(
        &[(module(30, &[]), 1)],
        "memory = \"1500 KiB\"",
        Some("more memory than its limit of 1500 KiB (`memory`)"),
    );
}

#[test]
fn tasks_within_their_limits_take_no_room_from_others() {
    let world = World::new();
    let folder = world.folder.join("parts");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("liar.wasm"),
        with_modules(&liar("honest"), &[(module(1, &[1]), 24)]),
    )
    .unwrap();
    let tasks: String = (0..30)
        .map(|number| format!("      - {{id: t{number}, type: liar.million}}\n"))
        .collect();
    let flow = world.file(
        "many.yaml",
        format!("id: many\nnamespace: a\ntasks:\n  - id: all\n    type: io.kestra.plugin.core.flow.Parallel\n    tasks:\n{tasks}"),
    );
    world.good(&["run", &flow, "--plugins", &folder.display().to_string(), "--quiet"]);
}

/// Runs two tasks in one folder, one after the other or at once, and gives the run.
fn in_one_folder(world: &World, kind: &str, tasks: &str, extra: &[&str]) -> crate::world::Answer {
    let flow = world.file(
        "shared.yaml",
        format!(
            "id: shared\nnamespace: a\ntasks:\n  - id: folder\n    type: WorkingDirectory\n    tasks:\n      - id: both\n        \
             type: {kind}\n        tasks:\n{tasks}"
        ),
    );
    let plugins = guests().display().to_string();
    let mut arguments = vec!["run", &flow, "--plugins", &plugins, "--format", "json"];
    arguments.extend(extra);
    world.begat(&arguments)
}

#[test]
fn a_link_that_a_task_leaves_leads_the_next_one_nowhere() {
    let world = World::new();
    let outside = world.file("outside", "outside");
    // A program of the host makes links as it likes; the next task and the next program meet them.
    let settings = world.file(
        "begat.toml",
        format!(
            "[plugins.hostile]\nallow = [\"run=link\", \"run=cat\"]\n[tools.link]\npath = \"/bin/ln\"\narguments = [\"-s\", \"{outside}\", \"input.txt\"]\n\
             [tools.cat]\npath = \"/bin/cat\"\narguments = [\"--\", \"input.txt\"]\n"
        ),
    );
    let tool = |id: &str, target: &str| format!("          - {{id: {id}, type: hostile.tool, target: {target}}}\n");
    let script = "          - id: script\n            type: shell\n            script: cat input.txt || echo nothing\n";
    let tasks = format!("{}{script}{}", tool("makes", "link"), tool("follows", "cat"));
    let answer = in_one_folder(&world, "Sequential", &tasks, &["--config", &settings]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    let view = answer.json();
    let of = |id: &str| {
        view["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|task| task["taskId"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(of("makes")["state"], "SUCCESS");
    assert_eq!(of("script")["outputs"]["stdout"], "nothing\n");
    let error = of("follows")["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("`/work/input.txt` is a link that leads out of `/work`"),
        "{error}"
    );
    assert!(!view.to_string().contains("\"outside"), "{view}");
}

#[test]
fn a_name_that_another_task_exchanges_all_the_time_is_never_kept_as_what_it_links_to() {
    let world = World::new();
    let tasks = "          - {id: swaps, type: hostile.swap, target: '1000000'}
          - id: keeps
            type: Sequential
            tasks:
              - id: each
                type: ForEach
                values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
                tasks:
                  - {id: keep, type: shell, script: 'sleep 0.05', outputFiles: [a], allowFailure: true}
              - {id: end, type: shell, script: 'touch done'}
";
    // Which of the two is there when it is looked at is a matter of chance.
    let is_kept = (0..100).any(|_| {
        let answer = in_one_folder(&world, "Parallel", tasks, &[]);
        assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
        // What a guest says of a file is not what was kept of it: that is "secret" or "public" in base64.
        let kept = world.good(&["catalog", "export"]).stdout;
        assert!(!kept.contains("c2VjcmV0"), "what the link leads to was kept");
        kept.contains("cHVibGlj")
    });
    assert!(is_kept, "nothing was kept");
}

//! `begat flow schema`: what an editor is told about flows.

use serde_json::json;

use crate::world::World;

#[test]
fn the_schema_for_editors_knows_every_task_type_and_its_properties() {
    let schema = World::new().good(&["flow", "schema"]).json();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let names = schema["definitions"]["task"]["properties"]["type"]["enum"]
        .as_array()
        .unwrap();
    for name in ["log", "io.kestra.plugin.core.log.Log", "shell", "gcp.compute.Snapshot"] {
        assert!(names.contains(&json!(name)), "{name} is not among {names:?}");
    }
    let shell = &schema["definitions"]["task-shell"];
    for name in ["id", "type", "assets", "script"] {
        assert!(shell["properties"].get(name).is_some(), "`shell` has no {name}");
    }
    assert_eq!(shell["additionalProperties"], false);
}

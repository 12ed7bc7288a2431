"""Holds requests and answers against the discovery document of the Compute Engine API, as the client of its makers has it."""

import importlib.resources
import json
import re
import sys

document = json.loads(
    importlib.resources.files("googleapiclient.discovery_cache.documents").joinpath("compute.v1.json").read_text()
)
schemas = document["schemas"]
methods = [
    (resource, name, method)
    for resource, group in document["resources"].items()
    for name, method in group.get("methods", {}).items()
]
KINDS = {"string": str, "integer": int, "boolean": bool, "number": (int, float), "array": list, "object": dict}


def check(value, schema, where):
    """What a schema says of a value; keys that it does not know are errors."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    assert isinstance(value, KINDS.get(schema.get("type"), object)), f"{where} is {value!r}, no {schema['type']}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where} is {value!r}, none of {schema['enum']}"
    if schema.get("pattern") and isinstance(value, str):
        assert re.fullmatch(schema["pattern"], value), f"{where} is {value!r}, not {schema['pattern']}"
    if isinstance(value, list):
        for place, item in enumerate(value):
            check(item, schema["items"], f"{where}[{place}]")
    if isinstance(value, dict):
        for key, item in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            assert known is not None, f"{where}.{key} is not documented"
            check(item, known, f"{where}.{key}")


def matching(verb, path):
    """The method that a request is, with the values of its path. A segment is not more than one."""
    for resource, name, method in methods:
        pattern = re.escape(method["path"]).replace(r"\{", "{").replace(r"\}", "}")
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern)
        found = re.fullmatch(pattern, path)
        if found and method["httpMethod"] == verb:
            return f"{resource}.{name}", method, found.groupdict()
    raise AssertionError(f"{verb} {path} is no method")


seen = set()
for line in open(sys.argv[1], encoding="utf-8"):
    exchange = json.loads(line)
    path, _, query = exchange["target"].partition("?")
    name, method, values = matching(exchange["method"], path)
    parameters = method["parameters"]
    for key, value in values.items():
        pattern = parameters[key].get("pattern", ".*")
        assert re.fullmatch(pattern, value), f"{name}: {key} is {value!r}, not {pattern}"
    for pair in filter(None, query.split("&")):
        key = pair.split("=")[0]
        assert key in parameters and parameters[key]["location"] == "query", f"{name}: `{key}` is no parameter"
    missing = [key for key, says in parameters.items() if says.get("required") and key not in values]
    assert not missing, f"{name} lacks {missing}"
    assert (exchange["body"] is not None) == ("request" in method), f"{name}: body {exchange['body']!r}"
    if exchange["body"] is not None:
        check(exchange["body"], method["request"], f"{name} request")
    if exchange["status"] == 200:
        check(exchange["answer"], method["response"], f"{name} answer")
    seen.add(name)

wanted = {"disks.createSnapshot", "zoneOperations.get", "globalOperations.get"}
wanted |= {f"snapshots.{name}" for name in ("get", "list", "delete", "setLabels")}
assert seen == wanted, f"{seen ^ wanted} differ from the methods that are used"
print(f"read: {len(seen)} methods of compute/v1 revision {document['revision']}")

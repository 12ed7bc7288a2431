"""Reads each event into the classes of the OpenLineage client: a key that a class does not know, or one that it misses, is
an error."""

import importlib
import json
import pkgutil
import sys
import uuid

from openlineage.client import generated
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

CLASSES = {}
for module in pkgutil.iter_modules(generated.__path__):
    for value in vars(importlib.import_module(f"openlineage.client.generated.{module.name}")).values():
        if isinstance(value, type) and hasattr(value, "_get_schema"):
            try:
                CLASSES[value._get_schema()] = value
            except NotImplementedError:
                pass


def facets(given):
    read = {}
    for name, facet in given.items():
        schema = facet["_schemaURL"]
        if name == "begat_asset":
            assert set(facet) == {"_producer", "_schemaURL", "asset"}, facet
            continue
        content = {key: value for key, value in facet.items() if not key.startswith("_")}
        read[name] = CLASSES[schema](**content)
    return read


def main(path):
    count = 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            assert uuid.UUID(event["run"]["runId"]).version == 7
            datasets = lambda kind, name: [  # noqa: E731
                kind(namespace=one["namespace"], name=one["name"], facets=facets(one["facets"])) for one in event[name]
            ]
            RunEvent(
                eventType=RunState[event["eventType"]],
                eventTime=event["eventTime"],
                run=Run(runId=event["run"]["runId"], facets=facets(event["run"]["facets"])),
                job=Job(
                    namespace=event["job"]["namespace"],
                    name=event["job"]["name"],
                    facets=facets(event["job"]["facets"]),
                ),
                producer=event["producer"],
                inputs=datasets(InputDataset, "inputs"),
                outputs=datasets(OutputDataset, "outputs"),
            )
            count += 1
    print(count, "events read")


main(sys.argv[1])

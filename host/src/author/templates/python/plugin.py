"""The task type `__NAME__`: greets someone, and adds the greeting to the assets that the flow declares."""

import json
from typing import List

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.task import Description, Request, TaskType
from wit_world.imports import log
from wit_world.imports.types import Bundle, Failure, FailureKind_InvalidProperties

PROPERTIES = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "Whom to greet."}},
    "required": ["name"],
    "additionalProperties": False,
}
OUTPUTS = {
    "type": "object",
    "properties": {"greeting": {"type": "string", "description": "What was said."}},
    "required": ["greeting"],
}


class Task(exports.Task):
    def describe(self) -> Description:
        greet = TaskType(
            name="__NAME__",
            aliases=[],
            summary="Greets someone by name",
            properties=json.dumps(PROPERTIES),
            outputs=json.dumps(OUTPUTS),
        )
        return Description(
            name="__NAME__", version="0.1.0", summary="Greets someone", task_types=[greet], capabilities=[]
        )

    def run(self, request: Request) -> str:
        name = json.loads(request.properties)["name"].strip()
        if not name:
            message = "`name` is empty: give the name of someone"
            raise Err(Failure(FailureKind_InvalidProperties(), message, False, None))
        greeting = f"Hello, {name}"
        log.log(log.Level.INFO, greeting)
        return json.dumps({"greeting": greeting})

    def declare(self, request: Request, outputs: str, declared: List[Bundle]) -> List[Bundle]:
        for bundle in declared:
            for asset in bundle.outputs:
                asset.metadata = json.dumps(json.loads(asset.metadata) | json.loads(outputs))
        return declared

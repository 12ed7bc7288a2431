"""The task type `csv-summary`: says what is in a CSV file of the task's folder."""

import csv
import json
from typing import List

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.task import Description, Request, TaskType
from wit_world.imports import log
from wit_world.imports.types import Bundle, Failure, FailureKind_Failed, FailureKind_InvalidProperties

PROPERTIES = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The table, its first line the names of the columns."},
        "file": {"type": "string", "description": "A file of the working directory that holds it instead."},
    },
    "additionalProperties": False,
}
OUTPUTS = {
    "type": "object",
    "properties": {
        "rows": {"type": "integer", "description": "How many rows there are."},
        "columns": {"type": "array", "items": {"type": "string"}, "description": "The names of the columns."},
        "sums": {"type": "object", "description": "The sums of columns that hold numbers."},
    },
    "required": ["rows", "columns", "sums"],
}


def lines(properties: dict) -> List[str]:
    if "text" in properties:
        return properties["text"].splitlines()
    if "file" not in properties:
        message = "nothing is given: set `text` or `file`"
        raise Err(Failure(FailureKind_InvalidProperties(), message, False, None))
    try:
        with open(f"/work/{properties['file']}", encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError as error:
        message = f"`{properties['file']}` cannot be read: {error.strerror}"
        raise Err(Failure(FailureKind_Failed(), message, False, None)) from error


def sums(rows: List[dict]) -> dict:
    found = {}
    for column in rows[0] if rows else []:
        try:
            found[column] = sum(float(row[column]) for row in rows)
        except (TypeError, ValueError):
            pass
    return found


class Task(exports.Task):
    def describe(self) -> Description:
        summary = TaskType(
            name="csv-summary",
            aliases=[],
            summary="Says what is in a CSV file",
            properties=json.dumps(PROPERTIES),
            outputs=json.dumps(OUTPUTS),
        )
        return Description(
            name="csv-summary", version="0.1.0", summary="Looks into tables", task_types=[summary], capabilities=[]
        )

    def run(self, request: Request) -> str:
        reader = csv.DictReader(lines(json.loads(request.properties)))
        rows = list(reader)
        columns = list(reader.fieldnames or [])
        log.log(log.Level.INFO, f"{len(rows)} rows of {', '.join(columns)}")
        return json.dumps({"rows": len(rows), "columns": columns, "sums": sums(rows)})

    def declare(self, request: Request, outputs: str, declared: List[Bundle]) -> List[Bundle]:
        return declared

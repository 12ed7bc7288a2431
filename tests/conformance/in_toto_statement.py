"""Validates an in-toto statement with SLSA provenance."""

import sys

from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

with open(sys.argv[1], encoding="utf-8") as file:
    read = json_format.Parse(file.read(), statement_pb2.Statement())
Statement.copy_from_pb(read).validate()
print(len(read.subject), "subjects read")

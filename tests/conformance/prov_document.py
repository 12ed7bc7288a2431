"""Reads a PROV-JSON document and writes it back: both must say the same."""

import sys

from prov.model import ProvDocument

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
document = ProvDocument.deserialize(content=text, format="json")
again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
assert document == again
assert len(document.get_records()) > 10
print(len(document.get_records()), "records read")

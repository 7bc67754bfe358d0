"""Says what is wrong with the documents of its arguments, each FORMAT=FILE, by the formats' own
validators: CycloneDX's library with its schema for 1.6, and SPDX's tools for 2.3."""

import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def faults_of_cyclonedx(path):
    with open(path, encoding="utf-8") as file:
        fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read())
    return [] if fault is None else [str(fault)]


def faults_of_spdx(path):
    faults = validate_full_spdx_document(parse_file(path), "SPDX-2.3")
    return [f"{it.context.spdx_id}: {it.validation_message}" for it in faults]


FORMATS = {"cyclonedx": faults_of_cyclonedx, "spdx": faults_of_spdx}
faults = []
for argument in sys.argv[1:]:
    name, path = argument.split("=", 1)
    faults += [f"{name}: {it}" for it in FORMATS[name](path)]
print("\n".join(faults[:20]))
sys.exit(1 if faults else 0)

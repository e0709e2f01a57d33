"""Lets Prism serve the specification, and `xtmig probe` judge it: what Prism makes up from the examples deviates in
nothing but what a server without a state cannot do. And it has to be found where the specification that Prism serves
is another than the one in the program.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import report as judging
from prism_process import Prism

PROBE_SECONDS = 120
# What Prism does as its nature is: it answers with the examples, whatever was asked.
NATURE = {
    "unexpectedStatus": "every id is known to it",
    "clientRequestIdChanged": "it answers with the example's id",
    "contextVersion": "the examples are those of one version",
    "nextLinkOrigin": "the example's next link leads to the service",
    "nextLinkVersion": "the same link is of one version",
    "noAnswer": "the library follows no next link to another origin",
    "createdByObjectId": "an example shows that documents disagree (J15)",
    "selectIgnored": "the example has every property",
    "topIgnored": "the example has as many items as it has",
    "orderIgnored": "the example has its order",
    "countMissing": "the example has no count",
    "defaultPageSize": "the example's page has two items and a next link",
    "anotherObject": "the example has its own id",
}
# Explained, but not to be expected of each run.
SOMETIMES = {"topIgnored", "orderIgnored", "contextVersion", "selectIgnored", "anotherObject", "noAnswer"}
# What is changed in the specification that Prism serves, and what has to be found then.
SPOILT = {
    "unknownEnumValue": (r"status: validateFailed\b", "status: validateDoubted"),
    "enumCasing": (r"status: validateFailed\b", "status: ValidateFailed"),
    "dateFormat": (r"'2026-10-04T02:41:37Z'", "'2026-10-4T02:41:37Z'"),
    "wrongType": (r"displayName: Alderwood wave 2", "displayName: [2]"),
    "unknownMember": (r"displayName: Alderwood wave 2", "displayName: Alderwood\n                        waveOf: 2"),
    "unknownWorkload": (r"workloads: \[Teams, Exchange\]", "workloads: [Teams, Planner]"),
}


def served(spoil=None):
    """The specification with the versions in its paths, since Prism leaves out what servers have in theirs."""
    text = Path(judging.SPECIFICATION).read_text(encoding="utf-8")
    head, rest = text.split("\npaths:\n", 1)
    paths, components = rest.split("\ncomponents:\n", 1)
    if spoil:
        pattern, replacement = spoil
        paths, count = re.subn(pattern, lambda _: replacement, paths)
        if count == 0:
            sys.exit(f"there is nothing to spoil: {pattern}")

    def under(version):
        moved = re.sub(r"^  /", f"  /{version}/", paths, flags=re.MULTILINE)
        return re.sub(r"operationId: (\w+)", rf"operationId: \1_{version.replace('.', '')}", moved)

    return f"{head}\npaths:\n{under('v1.0')}\n{under('beta')}\ncomponents:\n{components}"


def prism(text):
    """Prism with such a specification."""
    file = Path("specification.yaml")
    file.write_text(text, encoding="utf-8")
    return Prism("mock", str(file))


def probed(server, version):
    """The table of the probe."""
    command = [sys.argv[1], "--base-url", f"http://127.0.0.1:{server.port}", "--api", version, "-o", "json", "-q", "probe"]
    found = ["--source-user", "ines.moreau@alderwood.example", "--source-group", "alderwood-projects"]
    found += ["--source-site", "https://alderwood.sharepoint.example/sites/Finance"]
    found += ["--mapped-group", "3d7c0a15-8b46-49e2-af01-d5c8e23b7964"]
    environment = {**os.environ, "XTMIG_TOKEN": judging.TOKEN, "HOME": "."}
    ran = subprocess.run(
        command + found, capture_output=True, text=True, check=False, env=environment, timeout=PROBE_SECONDS
    )
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr}")
    return json.loads(ran.stdout)


def main():
    with judging.Report() as report:
        seen = set()
        for version in ("v1.0", "beta"):
            with prism(served()) as server:
                table = probed(server, version)
            report.expect(f"operations in {version}", len(table), 10)
            for row in table:
                report.count("answers", row["answers"])
                report.count("statements checked", row["checked"])
                for deviation in row["deviations"]:
                    seen.add(deviation["name"])
                    if deviation["name"] not in NATURE:
                        report.findings.append(f"{version}: {json.dumps(deviation)}")
        for name in sorted(NATURE.keys() - seen - SOMETIMES):
            report.findings.append(f"{name} is explained and does not occur: {NATURE[name]}")
        for name, spoil in SPOILT.items():
            with prism(served(spoil)) as server:
                table = probed(server, "v1.0")
            found = {deviation["name"] for row in table for deviation in row["deviations"]}
            report.count("spoilt specifications noticed", name in found)
            if name not in found:
                report.findings.append(f"{name} was not found; found were {sorted(found)}")


if __name__ == "__main__":
    main()

"""Proves that the checks of this folder can fail: each spoilt copy of a file has to be refused for the right reason.

Usage: mutations.py SPECTRAL RULESET YAML_MODULE_FOLDER SPECIFICATION PROVENANCE
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import one_line

SHAREPOINT = "  /solutions/sharePoint/migrations/crossOrganizationMigrationTasks:\n"
SERVERS = "servers: [{url: 'https://graph.microsoft.com/beta'}]"

# What is spoilt, the text that is replaced once, its replacement, and the rule that has to object.
FOR_SPECTRAL = [
    ("servers of a path", SHAREPOINT, f"{SHAREPOINT}    {SERVERS}\n", "servers-at-the-top-alone"),
    (
        "servers of an operation",
        "      operationId: cancelSharepointTask\n",
        f"      operationId: cancelSharepointTask\n      {SERVERS}\n",
        "servers-at-the-top-alone",
    ),
    (
        "a server of a link",
        "  responses:\n    tooManyRequests:\n",
        "  responses:\n    tooManyRequests:\n"
        "      links: {again: {operationId: getJob, server: {url: 'https://graph.microsoft.com/beta'}}}\n",
        "servers-at-the-top-alone",
    ),
    (
        "servers of a callback",
        "      operationId: createJob\n",
        "      operationId: createJob\n      callbacks: {done: {'{$request.body#/url}': {" + SERVERS + "}}}\n",
        "servers-at-the-top-alone",
    ),
    ("no versions", "      x-ms-versions: [v1.0, beta]\n", "", "versions-of-an-operation"),
    ("an unknown version", "x-ms-versions: [v1.0, beta]", "x-ms-versions: [v2.0]", "versions-of-an-operation"),
    ("beta not in words", "        Exists in `beta` only.\n", "", "versions-of-an-operation"),
    ("beta in words alone", "x-ms-versions: [beta]", "x-ms-versions: [v1.0, beta]", "versions-of-an-operation"),
]

# What is spoilt, the file (0 the specification, 1 the provenance), a pattern, its replacement, and what has to be said.
FOR_READERS = [
    ("an unquoted date", 0, r"version: '(2026-[^']+)'", r"version: \1", "/info/version: read differently"),
    ("an unquoted date", 1, r"edition: '(\d{4}-\d\d-\d\d)'", r"edition: \1", "/edition: read differently"),
    ("an unquoted status", 0, r"'429':", "429:", "/429: a key has to be text"),
    ("an unquoted status", 1, r"\n( +)'?(\d{3})'?: ", r"\n\g<1>\2: ", ": a key has to be text"),
    ("a number for a title", 0, r"title: .*", "title: 3.5", "/info/title: has to be text"),
    ("a switch for a tag", 0, r"- name: jobs", "- name: on", "/tags/0/name: read differently"),
    ("a denial for a summary", 0, r"summary: .*", "summary: no", "/summary: read differently"),
    ("one letter for a summary", 0, r"summary: .*", "summary: y", "/summary: read differently"),
    ("a time for a description", 0, r"description: Generally.*", "description: 1:30", "/description: read differently"),
    ("an octal of 1.1", 0, r"description: Generally.*", "description: 017", "/description: read differently"),
    ("an octal of 1.2", 0, r"description: Generally.*", "description: 0o17", "/description: read differently"),
    ("an id like a number", 1, r"sha256: \w+", "sha256: 12e3", "/sha256: read differently"),
    ("an id of digits", 1, r"sha256: \w+", "sha256: 1234567", "/sha256: has to be text"),
    ("nothing for a title", 1, r"title: .*", "title:", "/title: has to be text"),
    ("a number for a bool", 0, r"required: true", "required: 1", "/required: has to be text"),
]


def replaced(text, pattern, replacement, what):
    spoilt, count = re.subn(pattern, replacement, text, count=1)
    if count != 1 or spoilt == text:
        sys.exit(f"{what}: {pattern!r} does not stand in the file any more")
    return spoilt


def spectral_misses(spectral, ruleset, folder, text):
    """The spoilt copies that Spectral accepts, or refuses for another reason."""
    copies = []
    for number, (what, old, new, rule) in enumerate(FOR_SPECTRAL):
        copy = folder / f"{number}.yaml"
        copy.write_text(replaced(text, re.escape(old), lambda _, new=new: new, what), encoding="utf-8")
        copies.append((what, rule, copy))
    command = [spectral, "lint", "--quiet", "--ruleset", ruleset, "--format", "json", *(copy for _, _, copy in copies)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        problems = json.loads(run.stdout)
    except ValueError:
        said = " ".join((run.stdout + run.stderr).split())[:500]
        sys.exit(f"Spectral gave no usable answer: {said}")
    for what, rule, copy in copies:
        rules = {problem["code"] for problem in problems if Path(problem["source"]).name == copy.name}
        if rule not in rules:
            yield f"Spectral: {what}: expected {rule}, found {sorted(rules) or 'nothing'}"


def reader_misses(modules, folder, texts):
    """The same for the comparison of the readers."""
    script = Path(__file__).with_name("readers.py")
    copies = []
    for number, (what, index, pattern, replacement, message) in enumerate(FOR_READERS):
        copy = folder / f"reader-{number}.yaml"
        copy.write_text(replaced(texts[index], pattern, replacement, what), encoding="utf-8")
        copies.append((what, message, copy))
    command = [sys.executable, script, modules, *(copy for _, _, copy in copies)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    said = run.stderr.splitlines()
    for what, message, copy in copies:
        found = [line for line in said if line.startswith(f"{copy}:")]
        if run.returncode == 0 or not any(message in line for line in found):
            yield f"readers.py: {what}: expected {message!r}, found {found or run.stderr[:300]}"


def main(spectral, ruleset, modules, *files):
    texts = [one_line.reading(file, str) for file in files]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        misses = [*spectral_misses(spectral, ruleset, folder, texts[0]), *reader_misses(modules, folder, texts)]
    if misses:
        sys.exit("\n".join(misses))
    print(f"{len(FOR_SPECTRAL) + len(FOR_READERS)} spoilt copies are refused, each for its own reason")


if __name__ == "__main__":
    one_line.run(main, __doc__.splitlines()[2], (5,), sys.argv[1:])

"""Proves that the checks of this folder end in one line when they cannot check: whatever is wrong, no traceback.

Usage: unusable.py SPECTRAL RULESET PRISM YAML_MODULE_FOLDER SPECIFICATION PROVENANCE
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import one_line

HERE = Path(__file__).parent
# What a file may hold that is no specification. The last four are YAML, which is all that readers.py asks for.
CONTENTS = {
    "no YAML": b"a: [1\nb: 2\n",
    "no UTF-8": b"openapi: \xff\n",
    "nothing": b"",
    "a list": b"- 1\n",
    "an unknown tag": b"a: !odd 1\n",
    "another document": b"a: 1\n---\nb: 2\n",
    "a word": b"word\n",
    "a mapping of a word": b"a: word\n",
    "no paths": b"openapi: 3.0.3\ninfo: {title: a, version: '1'}\n",
    "an operation without answers": b"paths: {/a: {get: {operationId: a}}}\n",
}


def runs(spectral, ruleset, prism, modules, files, gone):
    """Each way to call a check that cannot work: what is wrong, and the command."""
    checks = {
        "readers.py": lambda file: [modules, file],
        "prism_check.py": lambda file: [prism, file],
        "mutations.py": lambda file: [spectral, ruleset, modules, file, file],
    }
    for script, arguments in checks.items():
        yield f"{script} without arguments", [script]
        for what, file in files.items():
            if script != "readers.py" or what not in list(CONTENTS)[-4:]:
                yield f"{script} on {what}", [script, *arguments(file)]
    specification = files["the specification"]
    yield "readers.py without its modules", ["readers.py", gone, specification]
    yield "prism_check.py without Prism", ["prism_check.py", gone, specification]
    yield "mutations.py without Spectral", ["mutations.py", gone, ruleset, modules, specification, files["the ledger"]]


def fault(command):
    """What is wrong with how a check ended, or None."""
    command = [sys.executable, str(HERE / command[0]), *map(str, command[1:])]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    said = run.stderr.strip()
    if run.returncode == 0:
        return "it was content"
    if "Traceback" in run.stderr + run.stdout or "    at " in run.stderr:
        return f"a traceback: {said.splitlines()[-1]}"
    if len(said.splitlines()) != 1:
        return f"{len(said.splitlines())} lines: {said[:200]}"
    return None


def main(spectral, ruleset, prism, modules, specification, provenance):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = {"a missing file": folder / "missing.yaml"}
        for number, (what, content) in enumerate(CONTENTS.items()):
            files[what] = folder / f"{number}.yaml"
            files[what].write_bytes(content)
        unfit = {**files, "the specification": specification, "the ledger": provenance}
        tried, misses = 0, []
        for what, command in runs(spectral, ruleset, prism, modules, unfit, folder / "gone"):
            if what.endswith(("on the specification", "on the ledger")):
                continue
            tried += 1
            if problem := fault(command):
                misses.append(f"{what}: {problem}")
    if misses:
        sys.exit("\n".join(misses))
    print(f"{tried} checks that cannot check say so in one line")


if __name__ == "__main__":
    one_line.run(main, __doc__.strip().splitlines()[-1], (6,), sys.argv[1:])

"""Checks that every reader of YAML reads the same from a file, and text wherever text has to stand.

Usage: readers.py YAML_MODULE_FOLDER FILE…

YAML 1.1 and 1.2 disagree on what is text: 2026-11-20, no, on, 1:30, 0o17, 12e3 and others. Generators use readers of
both kinds, so each file is read by PyYAML (1.1), ruamel.yaml (1.2) and the npm package yaml (as 1.1 and as 1.2).
"""

import datetime
import json
import subprocess
import sys
from pathlib import Path

import one_line
import yaml
from ruamel.yaml import YAML

# The keywords of OpenAPI and of provenance.yaml whose values are no text, with what they are.
OTHER_THAN_TEXT = {
    **dict.fromkeys(
        [
            "additionalProperties",
            "deprecated",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "explode",
            "modelAsString",
            "nullable",
            "readOnly",
            "required",
            "uniqueItems",
            "writeOnly",
            "held",
        ],
        bool,
    ),
    **dict.fromkeys(["maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"], int),
    **dict.fromkeys(["maximum", "minimum", "multipleOf"], (int, float)),
}
# What stands below these has the type that its schema says; the project's tests hold the one against the other.
SAMPLES = {"default", "enum", "example", "examples"}


def members(node):
    """Keys and values; a list's keys are its indices."""
    if isinstance(node, dict):
        return node.items()
    return enumerate(node) if isinstance(node, list) else ()


def scalars(node, path=()):
    """Every scalar with its path, and every key that is no text."""
    if not isinstance(node, (dict, list)):
        yield path, node
    for key, value in members(node):
        if isinstance(node, dict) and (not isinstance(key, str) or key.startswith("a key that is no text: ")):
            yield (*path, str(key).removeprefix("a key that is no text: ")), "a key that is no text"
            continue
        yield from scalars(value, (*path, key))


def lines(node, path=()):
    """The line of every node, by its path."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from lines(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from lines(value, (*path, index))


def shown(value):
    kind = type(value).__name__
    return f"{value!r} ({kind})" if not isinstance(value, (datetime.date, datetime.datetime)) else f"{value} ({kind})"


def may_be(path, value):
    """Whether a value that is no text may stand at a path."""
    if SAMPLES.intersection(path[:-1]) or path[-1] in SAMPLES:
        return True
    kinds = OTHER_THAN_TEXT.get(path[-1], ())
    return isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool)) if kinds else False


def faults(file, others):
    """What is wrong with one file, each with its line."""
    where = dict(lines(one_line.reading(file, lambda text: yaml.compose(text, Loader=yaml.SafeLoader))))
    readers = {
        "PyYAML (1.1)": one_line.reading(file, yaml.safe_load),
        "ruamel.yaml (1.2)": one_line.reading(file, YAML(typ="safe", pure=True).load),
        **{f"npm {name}": tree for name, tree in others.items()},
    }
    read = {name: dict(scalars(tree)) for name, tree in readers.items()}
    for path in dict.fromkeys(path for tree in read.values() for path in tree):
        values = {name: tree.get(path, "nothing") for name, tree in read.items()}
        first = next(iter(values.values()))
        place = f"{file}:{where.get(path, 1)}: /{'/'.join(map(str, path))}"
        if any(type(value) is not type(first) or value != first for value in values.values()):
            yield f"{place}: read differently, quote it: " + ", ".join(f"{n} {shown(v)}" for n, v in values.items())
        elif first == "a key that is no text":
            yield f"{place}: a key has to be text, quote it"
        elif not isinstance(first, str) and not may_be(path, first):
            yield f"{place}: has to be text, quote it: {shown(first)}"
    counts.append(len(next(iter(read.values()))))


counts = []


def main(folder, *files):
    # Node finds its packages beside the folder that it runs in.
    script = Path(__file__).with_suffix(".mjs").resolve()
    paths = [str(Path(file).resolve()) for file in files]
    run = subprocess.run(["node", script, *paths], cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        said = " ".join(run.stderr.split()) or "it said nothing"
        sys.exit(f"readers.mjs: {said}")
    trees = json.loads(run.stdout)
    found = [fault for file, path in zip(files, paths, strict=True) for fault in faults(file, trees[path])]
    if found or not all(counts):
        sys.exit("\n".join(found) or "a file is empty")
    print(f"{sum(counts)} scalars of {len(files)} files are read alike by four readers")


if __name__ == "__main__":
    one_line.run(main, __doc__.splitlines()[2], range(2, 100), sys.argv[1:])

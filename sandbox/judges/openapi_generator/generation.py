"""Runs openapi-generator, and bends specifications."""

import subprocess
import sys
from pathlib import Path

import yaml

ELSEWHERE = "https://graph.microsoft.com/beta"


def generator(*arguments):
    run = subprocess.run(["openapi-generator-cli", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"openapi-generator failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")


def bent(specification, file):
    """Writes a copy of the specification whose SharePoint paths have servers of their own again."""
    document = yaml.safe_load(Path(specification).read_text(encoding="utf-8"))
    for path, item in document["paths"].items():
        if "/sharePoint/" in path:
            item["servers"] = [{"url": ELSEWHERE}]
    Path(file).write_text(yaml.safe_dump(document), encoding="utf-8")
    return file

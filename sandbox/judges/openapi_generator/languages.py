"""Generates clients in other languages and reads which servers stand in their code.

They are not run, for want of their compilers. The copy of the specification that they come from has another top-level
server, so that every mention of Microsoft's in code is one that a caller could not change. Copies whose paths have
servers of their own again show that such mentions are found in each language.
"""

import re
import sys
from pathlib import Path

import report as judging
import yaml
from generation import ELSEWHERE, bent, generator

# Those whose generator heeds servers below the top level; that for PowerShell and the common ones for TypeScript do
# not.
LANGUAGES = {"csharp": ".cs", "go": ".go", "java": ".java"}
COMMENT = re.compile(r"^\s*(//|\*|/\*|#)")


def copy(file):
    document = yaml.safe_load(Path(judging.SPECIFICATION).read_text(encoding="utf-8"))
    for server in document["servers"]:
        server["url"] = server["url"].replace("graph.microsoft.com", "sandbox.example")
    Path(file).write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def servers(specification, language):
    """The lines of code that name Microsoft's server."""
    folder = Path(f"{Path(specification).stem}-{language}")
    generator("generate", "--generator-name", language, "--input-spec", specification, "--output", str(folder))
    files = [
        file for file in folder.rglob(f"*{LANGUAGES[language]}") if "test" not in str(file.relative_to(folder)).lower()
    ]
    if not files:
        sys.exit(f"{language}: there is no code")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [line.strip() for line in lines if ELSEWHERE.removesuffix("/beta") in line and not COMMENT.match(line)], len(
        files
    )


def main():
    with judging.Report() as report:
        straight = copy("straight.yaml")
        crooked = bent(straight, "crooked.yaml")
        for language in LANGUAGES:
            found, files = servers(straight, language)
            report.findings += [f"{language} calls another server: {line}" for line in found]
            report.count("files of code", files)
            report.count("languages")
            found, _ = servers(crooked, language)
            report.count("lines found in bent clients", len(found))
            if not found:
                report.findings.append(f"{language}: the servers of bent paths are not found")


if __name__ == "__main__":
    main()

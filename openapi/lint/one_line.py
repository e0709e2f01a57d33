"""Lets a check end in one line, whatever it meets: a missing file, text that is no YAML, a tool that is not there."""

import os
import sys


def place(error):
    """Where a reader of YAML stopped."""
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""


def words(error):
    """What happened, without line breaks."""
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} is not there"
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
    if isinstance(error, KeyError):
        return f"a member {error} is missing"
    text = getattr(error, "problem", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def run(main, usage, counts, arguments):
    """Calls `main` with the arguments, and says in one line what kept it from its verdict."""
    script = os.path.basename(sys.argv[0])
    if len(arguments) not in counts:
        sys.exit(f"{script}: {usage}")
    try:
        main(*arguments)
    # Nothing may end in a traceback: whoever reads the log wrote the specification and not this script.
    except Exception as error:  # noqa: BLE001
        file = getattr(error, "checked_file", "")
        sys.exit(f"{script}: {file}{place(error)}{': ' if file or place(error) else ''}{words(error)}")


def reading(file, read):
    """What `read` makes of a file's text; an error names the file."""
    try:
        with open(file, encoding="utf-8") as opened:
            return read(opened.read())
    except Exception as error:
        error.checked_file = "" if isinstance(error, FileNotFoundError) else file
        raise

"""Makes a Python client with openapi-generator from the unmodified specification and makes every call with it.

With `--bent` the client comes from a copy whose SharePoint paths have servers of their own again: then the watch has to
notice that it leaves, though it is pointed at the sandbox.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import report as judging
from generation import bent, generator

PACKAGE = "generated_client"


# The generator writes paths between single quotes, which an OData key contains: without this, the client is no Python.
# Templates of one's own are the generator's way to mend such a thing; the specification stays as it is.
QUOTED = ("resource_path='{{{path}}}'", 'resource_path="{{{path}}}"')


def generate(specification):
    generator("author", "template", "--generator-name", "python", "--output", "templates")
    template = Path("templates", "api.mustache")
    before = template.read_text(encoding="utf-8")
    template.write_text(before.replace(*QUOTED), encoding="utf-8")
    if before.count(QUOTED[0]) != 1:
        sys.exit("the generator's template has changed; perhaps it needs no help any more")
    what = ["generate", "--generator-name", "python", "--input-spec", specification, "--output", "client"]
    generator(*what, "--package-name", PACKAGE, "--template-dir", "templates")
    sys.path.insert(0, "client")
    return importlib.import_module(PACKAGE)


def snake(name):
    """The generator's spelling of an operation or a parameter."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.lstrip("$").replace("-", "_")).lower()


def arguments(method, call):
    """The examples of a call as the method takes them."""
    signature = inspect.signature(method)
    given = {snake(parameter["name"]): parameter["value"] for parameter in call["parameters"]}
    if call["body"] is not None:
        # The one that is left is the body; its annotation is the type, perhaps with a description.
        name = next(n for n in signature.parameters if n not in given and not n.startswith("_") and n != "self")
        kind = signature.parameters[name].annotation
        kind = getattr(kind, "__origin__", kind)
        given[name] = kind.from_dict(call["body"])
    return given


def main():
    is_bent = sys.argv[1:] == ["--bent"]
    specification = bent(judging.SPECIFICATION, "bent.yaml") if is_bent else judging.SPECIFICATION
    package = generate(specification)
    with judging.Report() as report:
        for version in judging.versions():
            configuration = package.Configuration(host=f"{judging.URL}/{version}", access_token=judging.TOKEN)
            # Without repetitions, so that what leaves fails at once.
            configuration.retries = False
            with package.ApiClient(configuration) as client:
                for call in judging.calls(version):
                    with judging.judged(report, call):
                        api = getattr(package, call["tag"][0].upper() + call["tag"][1:] + "Api")(client)
                        method = getattr(api, snake(call["operation"]) + "_with_http_info")
                        answer = method(**arguments(method, call), _request_timeout=20.0)
                        report.count(f"{answer.status_code // 100}xx")
        if is_bent:
            # They are what the watch has to see.
            report.figures["calls that went astray"] = sum("graph.microsoft.com" in text for text in report.findings)
            report.findings.clear()


if __name__ == "__main__":
    main()

"""Makes a client with openapi-python-client from the unmodified specification and makes every call with it."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import report as judging

PACKAGE = "generated_client"


def generate(specification, report):
    Path("settings.yaml").write_text(f"package_name_override: {PACKAGE}\n", encoding="utf-8")
    command = ["openapi-python-client", "generate", "--path", specification]
    options = ["--output-path", "client", "--config", "settings.yaml", "--meta", "none", "--fail-on-warning"]
    run = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        # A client may be there all the same, but without what the generator could not read.
        report.findings.append(f"openapi-python-client warns: {run.stdout[-3000:]}{run.stderr[-3000:]}")
    # The package lies in the folder itself.
    Path("client").rename(PACKAGE)
    sys.path.insert(0, ".")
    return importlib.import_module(f"{PACKAGE}.client")


def snake(name):
    """The generator's spelling of an operation, a tag or a parameter."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.lstrip("$").replace("-", "_")).lower()


def arguments(function, call):
    """The examples of a call as the function takes them."""
    given = {snake(parameter["name"]): parameter["value"] for parameter in call["parameters"]}
    # The generator knows nothing of `explode: false` and repeats the name for each item, which OData forbids; who uses
    # its client writes the list of OData into one item.
    given = {name: [",".join(value)] if isinstance(value, list) else value for name, value in given.items()}
    if call["body"] is not None:
        given["body"] = inspect.signature(function).parameters["body"].annotation.from_dict(call["body"])
    return given


def main():
    with judging.Report() as report:
        module = generate(judging.SPECIFICATION, report)
        for version in judging.versions():
            client = module.AuthenticatedClient(
                base_url=f"{judging.URL}/{version}",
                token=judging.TOKEN,
                raise_on_unexpected_status=True,
            )
            with client:
                for call in judging.calls(version):
                    with judging.judged(report, call):
                        endpoint = f"{PACKAGE}.api.{snake(call['tag'])}.{snake(call['operation'])}"
                        function = importlib.import_module(endpoint).sync_detailed
                        answer = function(client=client, **arguments(function, call))
                        report.count(f"{int(answer.status_code) // 100}xx")


if __name__ == "__main__":
    main()

"""Write the reference pages that follow from code: commands, settings, reasons.

Run by ``make docs``; the pages stand in the repository so that they can be read there, and a test
compares them with the code.
"""

import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic.fields import FieldInfo

import unsung
from unsung.cli.main import app
from unsung.data.quarantine import REASONS
from unsung.settings import Settings

FOLDER = Path(__file__).parent / "reference"
# Fields that every component has.
SAID_ONCE = {"kind": "Which component this is.", "name": "What reports call it."}


def cli_page() -> str:
    """Every command with its arguments and options, as Markdown."""
    command = typer.main.get_command(app)
    parts = [
        "# Commands",
        "Exit codes: 0 good; 1 failure; 2 bad input or usage, with one sentence that names file, "
        "column and row. `--json` prints machine-readable output on stdout; everything else goes "
        "to stderr. Settings come from defaults, `shop.toml`, the environment and the flags below, "
        "the later winning (see [Settings](settings.md)).",
    ]
    for name, each in _commands(command, "unsung"):
        parts += _described_command(name, each)
    return "\n\n".join(parts) + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    context = command.make_context(name, [], resilient_parsing=True)
    for child in getattr(command, "list_commands", lambda _: [])(context):
        found = command.get_command(context, child)
        if not found.hidden:
            yield from _commands(found, f"{name} {child}")


def _described_command(name: str, command: Any) -> list[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    pieces = " ".join([name, *command.collect_usage_pieces(context)])
    usage = re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), pieces)
    rows = [row for parameter in command.get_params(context) for row in _described(parameter)]
    table = ["| argument or option | meaning | default |", "| --- | --- | --- |", *rows]
    help_text = (command.help or "").replace("\f", "").strip()
    return [f"## {name}", help_text, f"```text\n{usage}\n```", "\n".join(table)]


def _described(parameter: Any) -> Iterator[str]:
    if getattr(parameter, "hidden", False) or parameter.opts == ["--help"]:
        return
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        names = [parameter.metavar or parameter.name.upper()]
    default = parameter.default
    shown = "" if default in (None, False, (), []) else f"`{default}`"
    shown = "required" if parameter.required else "" if callable(default) else shown
    meaning = _cell(getattr(parameter, "help", None) or "")
    yield f"| {', '.join(f'`{name}`' for name in names)} | {meaning} | {shown} |"


def settings_page() -> str:
    """Every settings class with its fields, as Markdown."""
    parts = [
        "# Settings",
        "Merged in one place, the later winning: defaults, the TOML file, environment variables, "
        "flags. A table of TOML is a nested class; in the environment two underscores nest: "
        "`UNSUNG_SEGMENTS__HEAD_SHARE=0.1`. A table that names some keys leaves the others at what "
        "the column *default* says there. An unknown key refuses to start and is named.",
        "`shop.toml` holds `ShopSettings` and what is nested in it (`CleaningSettings`, "
        "`SegmentSettings`, `Source`); its table `[fit]` holds `FitSettings` with what is nested "
        "there, and `[diagnosis]` `ReasonSettings`. Options of the [commands](cli.md) win over "
        "them. The other classes belong to a component each: they are chosen on the validation "
        "window, or given in Python.",
    ]
    for kind in settings_classes():
        rows = [_row(name, field) for name, field in kind.model_fields.items()]
        table = ["| field | type | default | meaning |", "| --- | --- | --- | --- |", *rows]
        parts += [
            f"## {kind.__name__}",
            f"`{kind.__module__}.{kind.__name__}`: {_prose(kind.__doc__ or '')}",
            "\n".join(table) if rows else "No fields.",
        ]
    return "\n\n".join(parts) + "\n"


def settings_classes() -> list[type[Settings]]:
    """Every settings class of the package, the shop's first, then by room and name.

    What only holds fields that its subclasses share is not one of them.
    """
    for module in pkgutil.walk_packages(unsung.__path__, "unsung."):
        if module.name != "unsung.__main__":
            __import__(module.name)
    found, waiting = [], [Settings]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found += [
            kind
            for kind in children
            if kind.__module__.startswith("unsung.") and not kind.__subclasses__()
        ]
    return sorted(
        set(found), key=lambda k: (k.__name__ != "ShopSettings", k.__module__, k.__name__)
    )


def _shown(value: object) -> str:
    """A default as it is written in Python; of nested settings what differs from their class."""
    if not isinstance(value, Settings):
        return repr(value)
    changed = [
        f"{name}={_shown(getattr(value, name))}"
        for name in type(value).model_fields
        if name in value.model_fields_set
    ]
    return f"{type(value).__name__}({', '.join(changed)})"


def _row(name: str, field: FieldInfo) -> str:
    if field.is_required():
        default = "required"
    else:
        value = field.get_default(call_default_factory=True)
        default = f"`{_shown(value)}`"
    bounds = [repr(bound).partition("(")[2].rstrip(")") for bound in field.metadata]
    meaning = _cell(field.description or SAID_ONCE.get(name, "")) + (
        f" ({', '.join(bounds)})" if bounds else ""
    )
    return f"| `{name}` | `{_cell(_type_name(field.annotation))}` | {_cell(default)} | {meaning} |"


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return re.sub(r"(?:\w+\.)+(?=\w)", "", str(annotation))


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def _prose(text: str) -> str:
    """One line of Markdown from a docstring's first paragraph."""
    return " ".join(text.partition("\n\n")[0].replace("``", "`").split())


def reasons_page() -> str:
    """Every reason for setting a row aside, as Markdown."""
    rows = [f"| `{code}` | {_cell(sentence)} |" for code, sentence in REASONS.items()]
    parts = [
        "# Reasons of the quarantine",
        "Codes never change their meaning. How to work with them: "
        "[Read a quarantine file](../how-to/quarantine.md).",
        "\n".join(["| reason | what it means and what to do |", "| --- | --- |", *rows]),
    ]
    return "\n\n".join(parts) + "\n"


PAGES = {"cli.md": cli_page, "settings.md": settings_page, "reasons.md": reasons_page}


def main() -> None:
    """Write the pages that have changed."""
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()

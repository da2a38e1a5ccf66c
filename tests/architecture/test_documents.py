"""The documentation knows every command, option and setting, and where its figures come from."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# A metric's name with a decimal figure behind it, in the same line.
FIGURE = re.compile(
    r"(ndcg|coverage|gini|auc|hit rate|tail share)[^\n]*?\d?\.\d{2,}", re.IGNORECASE
)
# The page of definitions works its examples by hand.
WORKED_BY_HAND = {"explanation/metrics.md"}
SOURCE = re.compile(r"benchmarks/\w+|make (demo|test|long)|`unsung \w+")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(document: str) -> str:
    return (DOCS / document).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "reasons.md"])
def test_generated_pages_are_up_to_date(generate, name):
    assert read(f"reference/{name}") == generate.PAGES[name](), "run make docs"


def test_every_command_and_option_is_in_the_reference():
    from unsung.cli.main import app

    document = read("reference/cli.md")
    group = typer.main.get_command(app)
    context = group.make_context("unsung", [], resilient_parsing=True)
    names = group.list_commands(context)
    assert {"demo", "init", "check", "diagnose", "fit", "evaluate", "recommend"} <= set(names)
    for name in names:
        command = group.get_command(context, name)
        _, _, section = document.partition(f"## unsung {name}\n")
        section = section.partition("\n## ")[0]
        assert command.help.partition("\n")[0] in section
        options = [option for parameter in command.params for option in parameter.opts]
        for option in options:
            assert option.lower() in section.lower(), f"unsung {name} {option}"


def test_every_settings_field_is_in_the_reference_and_described(generate):
    document = read("reference/settings.md")
    kinds = generate.settings_classes()
    assert {"ShopSettings", "Source", "SegmentSettings"} <= {kind.__name__ for kind in kinds}
    for kind in kinds:
        section = document.partition(f"## {kind.__name__}\n")[2].partition("\n## ")[0]
        for name, field in kind.model_fields.items():
            assert f"| `{name}` |" in section, f"{kind.__name__}.{name}"
            nested = isinstance(field.annotation, type) or "|" in str(field.annotation)
            said = field.description or name in generate.SAID_ONCE
            assert said or nested, f"{kind.__name__}.{name} has no description"


def test_every_known_layout_is_in_its_recipe():
    from unsung.data.layouts import LAYOUTS

    text = read("how-to/known-layouts.md")
    assert not [layout.name for layout in LAYOUTS if f"`{layout.name}`" not in text]


def sections(text: str) -> list[str]:
    return re.split(r"\n(?=#{1,4} )", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def figures_without_source(text: str) -> list[str]:
    bare = [part for part in sections(text) if not SOURCE.search(part)]
    return [match.group() for part in bare for match in FIGURE.finditer(part)]


@pytest.mark.parametrize(
    "document",
    sorted(
        str(file.relative_to(ROOT))
        for file in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
        if str(file.relative_to(DOCS if DOCS in file.parents else ROOT)) not in WORKED_BY_HAND
    ),
)
def test_figures_name_what_makes_them(document):
    assert not figures_without_source((ROOT / document).read_text(encoding="utf-8"))


def test_a_figure_without_a_source_is_seen():
    assert figures_without_source("# A\n\nNDCG@10 is .145.\n\n# B\n\nmade by benchmarks/lists.py")
    assert not figures_without_source("# A\n\nNDCG@10 is .145, by `benchmarks/lists.py`.")


def test_the_readmes_give_the_two_commands():
    for document in ("README.md", "README.zh-CN.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        assert "make demo" in text
        assert "make test" in text


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_links_of_top_pages_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]

"""What the pages say: every message is sent, none is missing or unused, codes are put in words."""

import ast
import inspect
import json
import re
from importlib.resources import files

import pytest

from unsung import schema
from unsung.data import checks
from unsung.data.quarantine import REASONS
from unsung.operations.browsing import MOST_FOUND
from unsung.service.console.language import LANGUAGES, messages
from unsung.service.console.pages import PAGES, modules_of, render

HERE = files("unsung.service.console")
SOURCES = {
    file.name: file.read_text("utf-8")
    for file in HERE.joinpath("assets").iterdir()
    if file.name.endswith(".js")
}
EXACT = re.compile(r"""["']([a-z]+\.[\w-]+)["']""")
COMPUTED = re.compile(r"`([a-z]+)\.([\w-]*)\$\{[^`}]+\}([\w-]*)`")
"""A key that is put together: its first part, what stands before and what after the name."""
CHOICE = re.compile(r"\{(\w+)\|[^{}|]*\|[^{}|]*\}")
FIELDS = {"ui.brand", "ui.category", "ui.description", "ui.seller_id"}
"""Columns of the catalogue, named as the service answers them."""


def asked_for(source: str) -> tuple[set[str], set[tuple[str, str, str]]]:
    """Keys that stand there in full, and parts of those that are put together."""
    first = {key.partition(".")[0] for key in messages("en")}
    exact = {key for key in EXACT.findall(source) if key in messages("en")}
    return exact, {parts for parts in COMPUTED.findall(source) if parts[0] in first}


def sent(html: str) -> dict[str, str]:
    return json.loads(re.search(r'id="messages"[^>]*>(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_sent_every_message_that_its_modules_ask_for(page):
    known = sent(render(page, "en"))
    parts = {key.partition(".")[0] for key in known}
    for name in modules_of(f"{page.name}.js"):
        exact, computed = asked_for(SOURCES[name])
        assert exact <= known.keys(), name
        assert {first for first, _, _ in computed} <= parts, name


class Asked(dict):
    """Messages that keep which of them a template asked for."""

    def __init__(self, known):
        super().__init__(known)
        self.keys_asked = set()

    def __getitem__(self, key):
        self.keys_asked.add(key)
        return super().__getitem__(key)


def test_no_message_is_unused(monkeypatch):
    asked = Asked(messages("en"))
    monkeypatch.setattr("unsung.service.console.pages.messages", lambda _: asked)
    for page in PAGES:
        render(page, "en")
    used = FIELDS | asked.keys_asked
    for source in SOURCES.values():
        exact, computed = asked_for(source)
        used |= exact
        for first, before, after in computed:
            rest = re.compile(rf"{re.escape(f'{first}.{before}')}[\w-]+{re.escape(after)}")
            # A name alone could be any message of the page: it must stand in the module, too.
            known = before or after or first not in ("ui", *(page.name for page in PAGES))
            used |= {
                key
                for key in messages("en")
                if rest.fullmatch(key)
                and (known or re.search(rf"\b{re.escape(key.partition('.')[2])}\b", source))
            }
    assert messages("en").keys() - used == set()


def findings() -> set[str]:
    """Codes of the data check: of every finding, and of what an item may lack."""
    found = set(REASONS)
    for node in ast.walk(ast.parse(inspect.getsource(checks))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
            code = node.args[1]
            found |= {code.value} if isinstance(code, ast.Constant) else set()
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
            code, group, _ = node.elts
            if isinstance(code, ast.Constant) and isinstance(group, ast.Attribute):
                found.add(code.value)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_data_check_has_a_heading(language):
    codes = findings()
    assert {"clean", "small", "no_clock", "not_in_catalogue", "future_time"} <= codes
    wanted = {f"models.finding_{code}" for code in codes}
    wanted |= {f"models.table_{table}" for table in schema.COLUMNS}
    assert wanted - messages(language).keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_measure_that_is_shown_says_what_it_is(language):
    shown = set(re.findall(r'"(\w+)"', SOURCES["models.js"]))
    measures = {name for name in shown if f"metric.{name}" in messages(language)}
    assert len(measures) == 14
    assert {f"metric.{name}_what" for name in measures} <= messages(language).keys()


def test_plurals_go_with_numbers_that_are_said():
    for text in messages("en").values():
        for name in CHOICE.findall(text):
            assert f"{{{name}}}" in text
    assert not [text for text in messages("zh").values() if CHOICE.search(text)]
    counted = re.compile(r"\{n\} (?:items|customers|buyers|gems|days|reviews|rows)\b")
    assert {key for key, text in messages("en").items() if counted.search(text)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_search_says_how_many_it_looks_through(language):
    assert str(MOST_FOUND) in messages(language)["items.found_words"]


def test_one_word_for_one_thing_in_chinese():
    for other in ("稳定长尾", "拟合", "意愿", "置信水平", "未调节"):
        assert not [key for key, text in messages("zh").items() if other in text], other


def test_codes_and_numbers_are_put_in_words(visit):
    page = visit("/gems", ready=".gem h2")
    said = page.evaluate(
        """async () => {
          const script = document.querySelector("script[type=module]").src;
          const words = script.replace(/\\w+\\.js$/, "words.js");
          const { count, policyName, signedCount, t, whoName } = await import(words);
          return [
            ...[1, 2, 1001].map((n) => t("gems.found", { n: count(n), days: "1" })),
            ...[1, -1, 11].map((n) => t("ui.why_all", { n: signedCount(n) })),
            ...["slot_weight 5/5", "undialled", "none"].map(policyName),
            ...["local", "ann"].map(whoName),
            t("gems.warm_by", { who: "local", when: "now" }),
          ];
        }"""
    )
    assert said == [
        "1 gem; buyers are those of the next 1 day",
        "2 gems; buyers are those of the next 1 day",
        "1,001 gems; buyers are those of the next 1 day",
        "all +1 part",
        "all -1 part",
        "all +11 parts",
        "dial at 5 of 5",
        "dial off",
        "none",
        "this machine",
        "ann",
        "this machine, now",
    ]

"""The pages as they are sent: strict, in two languages, and without a word of the shop's."""

import csv
import gzip
import io
import json
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from unsung.operations.table_csv import as_csv
from unsung.service.console.chart_script import ChartScript
from unsung.service.console.language import language_of, messages
from unsung.service.console.pages import PAGES
from unsung.store.exposures import exposures_of_request

HERE = files("unsung.service.console")
PATHS = [page.path.replace("{item_id:path}", "teapot") for page in PAGES]
TEMPLATES = sorted(f.name for f in HERE.joinpath("templates").iterdir() if f.name.endswith(".html"))
MODULES = sorted(f.name for f in HERE.joinpath("assets").iterdir() if f.name.endswith(".js"))
KEY = re.compile(r"""\bt\(\s*(?:[^"'`()?]+\?\s*)?["']([\w.]+)["'](?:\s*:\s*["']([\w.]+)["'])?""")


def source(kind: str, name: str) -> str:
    return HERE.joinpath(kind, name).read_text("utf-8")


class Page(HTMLParser):
    """What of a page could run, or be read aloud without having been translated."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.loaded: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._inside = tag
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.inline.append("script")
        if tag == "style":
            self.inline.append("style")
        self.loaded += [given[name] for name in ("src", "href") if given.get(name)]

    def handle_data(self, data):
        if self._inside not in ("script", "style") and data.strip():
            self.words.append(data.strip())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_are_strict(console, path, language):
    answer = console.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    page = Page(answer.text)
    assert page.inline == []
    assert all(link.startswith(("/", "#", "?")) for link in page.loaded)
    assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_everything_a_page_loads_is_there(console, path):
    links = [link for link in Page(console.get(path).text).loaded if link.startswith("/")]
    assert any(link.endswith("/console.css") for link in links)
    for link in links:
        answer = console.get(link)
        assert answer.status_code == 200, link
        if link.startswith("/console/"):
            assert "immutable" in answer.headers["cache-control"]


def test_pages_hold_nothing_of_the_shop(console):
    for path in PATHS:
        assert "hacked" not in console.get(path).text
    assert "hacked" not in console.get("/items/%3Cscript%3Ehacked").text


def test_both_languages_say_the_same_things():
    english, chinese = messages("en"), messages("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert text.strip() and chinese[key].strip(), key
        names = [sorted(re.findall(r"\{(\w+)\}", said)) for said in (text, chinese[key])]
        assert names[0] == names[1], key


def test_chinese_is_chinese():
    same = {key for key, text in messages("zh").items() if text == messages("en")[key]}
    kept = {"ui.product", "customers.policy"}
    assert {key for key in same if not key.startswith("metric.")} <= kept


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_hold_no_words_of_their_own(name):
    bare = re.sub(
        r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", source("templates", name), flags=re.DOTALL
    )
    assert not [word for word in Page(bare).words if re.search(r"\w", word)]
    assert not re.search(r"\b(?:aria-label|title|placeholder|alt)=\"[^\"{]*\w", bare)


@pytest.mark.parametrize("name", TEMPLATES + MODULES)
def test_every_message_that_is_asked_for_is_there(name):
    kind = "templates" if name.endswith(".html") else "assets"
    asked = {
        key
        for pair in KEY.findall(source(kind, name))
        for key in pair
        if key[-1:].isalnum() and "." in key
    }
    assert asked <= messages("en").keys()


@pytest.mark.parametrize("name", MODULES)
def test_modules_make_text_of_what_they_show(name):
    text = source("assets", name)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text
    assert not re.search(r"https?://(?!vega\.github\.io/schema|www\.w3\.org/2000/svg)", text)


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("zh", "en", "en", "zh"),
        (None, "zh", "en", "zh"),
        ("xx", None, "fr, zh-CN;q=.8, en;q=.9", "en"),
        (None, None, "zh-TW, en;q=.9", "zh"),
        (None, None, "en;q=0, zh;q=.1", "zh"),
        (None, None, "de;q=x", "en"),
        (None, None, None, "en"),
    ],
)
def test_the_language_of_a_page(asked, kept, accepted, language):
    assert language_of(asked, kept, accepted) == language


def test_a_chosen_language_is_kept(console):
    assert 'lang="zh"' in console.get("/dial?lang=zh").text
    assert '<html lang="zh">' in console.get("/items", headers={"Accept-Language": "en"}).text


def test_the_table_of_the_catalogue(console):
    whole = console.get("/v1/catalogue?sort=buyers&limit=200").json()
    assert whole["n_items"] == len(whole["items"]) == 20
    buyers = [item["buyers"] for item in whole["items"]]
    assert buyers == sorted(buyers, reverse=True)
    head = console.get("/v1/catalogue?segment=head").json()
    assert {item["segment"] for item in head["items"]} == {"head"}
    page = console.get("/v1/catalogue?sort=buyers&limit=5&offset=5").json()["items"]
    assert page == whole["items"][5:10]
    assert console.get("/v1/catalogue?reason=no_reason").json()["n_items"] == 20
    assert console.get("/v1/catalogue?reason=new").json() == {"n_items": 0, "items": []}
    found = console.get("/v1/catalogue?query=teapot").json()["items"]
    assert found[0]["item_id"] == "teapot"
    assert {item["image"] for item in found} == {""}
    assert console.get("/v1/catalogue?sort=weight").status_code == 422


def test_an_exported_table_runs_nothing_in_a_spreadsheet(console, formulas):
    answer = console.get("/v1/catalogue.csv?sort=title")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 20
    titles = {row["title"] for row in rows}
    assert {f"'{formula}" for formula in formulas} <= titles
    live = [cell for row in rows for cell in row.values() if cell and cell[0] in "=+@\t\r"]
    assert live == []
    assert not [row for row in rows if row["title"].startswith("-")]


def test_numbers_of_an_exported_table_stay_numbers():
    import pandas as pd

    table = pd.DataFrame({"a": [-1.5, float("nan")], "b": [("x", "=y"), ()]})
    assert as_csv(table).decode("utf-8-sig") == "a,b\r\n-1.5,x|=y\r\n,\r\n"


def untimed(items: list[dict]) -> list[dict]:
    """Items without what they and their reasons weigh at this very moment."""
    reasons = [[{**why, "amount": 0} for why in item["reasons"]] for item in items]
    return [{**item, "score": 0, "reasons": why} for item, why in zip(items, reasons, strict=True)]


def test_a_preview_is_not_an_exposure(console):
    shop = console.app.state.context.shop
    shop.flush()
    answer = console.get("/v1/users/u1/preview?k=5&explain=true&dial=1").json()
    assert answer["request_id"] == ""
    assert answer["policy"].endswith("1/2")
    assert all(item["reasons"] for item in answer["items"])
    assert console.get("/v1/users/u1/popular?k=5").json()["rung"] == "popular"
    assert shop.flush() == 0
    listed = console.get("/v1/users/u1/recommendations?k=5&explain=true&dial=1").json()
    # What was bought grows older between the two.
    assert untimed(listed["items"]) == untimed(answer["items"])
    scores = [item["score"] for item in answer["items"]]
    assert [item["score"] for item in listed["items"]] == pytest.approx(scores, rel=1e-4)
    shop.flush()
    assert len(exposures_of_request(shop.store, listed["request_id"])) == 5


def test_most_popular_leaves_out_what_was_bought(console):
    bought = {row["item_id"] for row in console.get("/v1/users/u1").json()["history"]}
    shown = console.get("/v1/users/u1/popular?k=20").json()["items"]
    assert shown
    assert not bought & {item["item_id"] for item in shown}


def test_customers_to_look_at(console):
    users = console.get("/v1/users?k=3").json()["users"]
    assert 1 <= len(users) <= 3
    assert all(user["n_items"] >= 3 for user in users)
    found = [user["user_id"] for user in console.get("/v1/users?query=u1&k=50").json()["users"]]
    assert found[0] == "u1"
    assert set(found) == {f"u1{digit}" for digit in ("", *range(10))}
    assert console.get("/v1/users?query=nobody").json() == {"users": []}


def test_the_overview_names_what_was_never_sold(console):
    overview = console.get("/v1/diagnosis/overview").json()
    assert "items" not in overview["tables"]
    assert len(overview["never_sold"]) == 10
    shop = console.get("/v1/shop").json()
    assert (shop["n_items"], shop["n_customers"], shop["target"]) == (20, 40, "purchase")


def test_an_item_and_why_it_is_where_it_is(console):
    insight = console.get("/v1/items/teapot/insight").json()
    assert insight["diagnosis"]["reasons"][0]["code"] == "no_reason"
    assert insight["outlook"] is None
    assert console.get("/v1/items/nothing/insight").status_code == 404
    assert console.get("/v1/reports/before-after/figures").json()["n_users"] > 0


def test_a_plain_bundle_has_pages_too(start, bundles):
    plain = start(bundle=bundles[1])
    for path in PATHS:
        assert plain.get(path).status_code == 200
    assert plain.get("/v1/diagnosis/overview").json()["never_sold"] == []
    assert plain.get("/v1/catalogue").json()["n_items"] == 20
    assert plain.get("/v1/reports/before-after/figures").status_code == 404


def test_another_site_changes_nothing(console):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    asked = [
        console.put("/v1/dial", json={"position": 0}, headers=headers),
        console.post("/v1/dial/undo", headers=headers),
        console.post("/v1/models/rollback", headers=headers),
        console.put("/v1/users/u1/consent", json={"profiling": False}, headers=headers),
    ]
    assert {answer.status_code for answer in asked} == {403}
    assert console.get("/v1/dial").json()["history"] == []


def test_charts_are_made_once_and_kept(tmp_path, monkeypatch):
    made = []
    name = "unsung.service.console.chart_script._script"
    monkeypatch.setattr(name, lambda: made.append(1) or "window.charts=1")
    first = ChartScript(tmp_path / "cache")
    assert first.compressed() is None
    first.make()
    first.make()
    again = ChartScript(tmp_path / "cache")
    again.make()
    assert gzip.decompress(again.compressed()) == b"window.charts=1"
    assert made == [1]


def test_without_charts_the_pages_say_so(tmp_path, monkeypatch, console):
    def broken():
        raise RuntimeError("no engine")

    monkeypatch.setattr("unsung.service.console.chart_script._script", broken)
    charts = ChartScript(tmp_path / "cache")
    monkeypatch.setitem(console.app.state._state, "charts", charts)
    assert console.get("/console/x/charts.js").status_code == 503
    charts.make()
    assert console.get("/console/x/charts.js").status_code == 500


def test_a_page_asks_whether_the_charts_are_there(tmp_path, monkeypatch, console):
    monkeypatch.setattr("unsung.service.console.chart_script._script", lambda: "window.charts=1")
    charts = ChartScript(tmp_path / "cache")
    monkeypatch.setitem(console.app.state._state, "charts", charts)
    assert console.head("/console/x/charts.js").status_code == 503
    charts.make()
    assert console.head("/console/x/charts.js").status_code == 200
    assert console.get("/console/x/charts.js").text == "window.charts=1"


def test_messages_are_plain_tables():
    for language in ("en", "zh"):
        found = json.loads(source("messages", f"{language}.json"))
        assert all(isinstance(text, str) for text in found.values())


def test_who_gets_the_places_of_lists(start, bundles):
    client = start(bundle=bundles[1])
    shop = client.app.state.context.shop
    nothing = client.get("/v1/shown").json()
    assert (nothing["n_places"], nothing["n_items"], nothing["segments"]) == (0, 0, {})
    assert nothing["tested"] == []
    lists = [
        client.get(f"/v1/users/{user}/recommendations", params={"k": 5}).json()["items"]
        for user in ("u1", "u2", "u3")
    ]
    shop.flush()
    told = client.get("/v1/shown", params={"days": 7}).json()
    listed = [item for one in lists for item in one]
    assert told["n_places"] == len(listed) == 15
    assert told["n_items"] == len({item["item_id"] for item in listed})
    assert sum(told["segments"].values()) == pytest.approx(1)
    assert sum(told["bands"].values()) == pytest.approx(1)
    heads = sum(item["segment"] == "head" for item in listed)
    assert told["segments"]["head"] == pytest.approx(heads / 15)


def test_what_a_customer_was_shown_last(client):
    assert client.get("/v1/users/u1/shown").json()["items"] == []
    for k in (2, 4):
        listed = client.get("/v1/users/u1/recommendations", params={"k": k}).json()["items"]
    client.app.state.context.shop.flush()
    told = client.get("/v1/users/u1/shown").json()
    names = ("item_id", "rank", "title", "segment")
    assert told["items"] == [{name: item[name] for name in names} for item in listed]
    assert told["timestamp"] > 0


def test_who_got_the_places_of_tested_lists(console):
    popular, served, dialled = console.get("/v1/shown").json()["tested"]
    assert (popular["name"], served["name"]) == ("most_popular", "two_stage")
    assert dialled["name"] == "dialled"
    assert dialled["segments"]["tail"] > served["segments"]["tail"]
    assert popular["segments"] == {"head": 1.0, "tail": 0.0, "fresh": 0.0, "cold": 0.0}
    assert popular["n_items"] == round(0.0193 * 20)
    assert served["segments"]["tail"] == pytest.approx(0.0992)


def test_versions_stand_side_by_side_even_where_a_bundle_is_gone(console, start, bundles, tmp_path):
    (entry,) = console.get("/v1/versions").json()["versions"]
    assert entry["name"] == "dialled"
    assert entry["created"] == "2026-03-01T10:00:00Z"
    assert entry["figures"]["aplt_tail"] == pytest.approx(0.1587)
    moved = tmp_path / "bundle"
    shutil.copytree(bundles[1], moved)
    client = start(bundle=moved)
    shutil.rmtree(moved)
    assert client.get("/v1/versions").json()["versions"][-1]["figures"] == {}

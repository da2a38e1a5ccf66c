"""A page taken apart, and evaluations and diagnoses to make pages from."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from unsung.data.settings import SegmentSettings, ShopSettings, Source
from unsung.workflows.diagnose import diagnose

VOID = {"meta", "link", "br", "hr", "img", "input"}
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'{{7*7}}"


class Page(HTMLParser):
    """Ids, links, texts and elements of a page; fails where elements are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.headings: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        for name, value in attrs:
            self.attributes.append((name, value or ""))
            if name == "id":
                self.ids[value] += 1
            if name == "href":
                self.links.append(value)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"</{tag}> where something else was open"

    def handle_data(self, data):
        if self._open and self._open[-1] not in {"style", "script"}:
            self.words.append(data)
            if self._open[-1] in {"h1", "h2", "h3"}:
                self.headings.append(data.strip())

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def check(self) -> None:
        """What holds of every page: it is complete in itself, and its links lead somewhere."""
        assert all(count == 1 for count in self.ids.values()), self.ids.most_common(3)
        assert {link.removeprefix("#") for link in self.links} <= set(self.ids)
        assert self.elements["script"] == self.elements["style"] == 1
        assert not {"link", "img", "iframe", "object", "embed"} & set(self.elements)
        assert not [name for name, _ in self.attributes if name.startswith("on")]
        assert not [v for n, v in self.attributes if n in {"src", "srcset", "action"}]
        assert "@import" not in self.html
        assert not re.search(r"url\((?!#)", self.html)
        assert not [word for word in re.split(r"[^A-Za-z]+", self.text) if word in {"nan", "NaN"}]
        assert "undefined" not in self.text
        assert "None" not in re.sub(r"None of", "", self.text)


@pytest.fixture(scope="session")
def take_apart():
    return Page


@pytest.fixture(scope="session")
def evil() -> str:
    """Text that must never become markup."""
    return EVIL


@pytest.fixture
def settings() -> ShopSettings:
    return ShopSettings(
        name="Toy", interactions=Source(path="x.csv"), segments=SegmentSettings(head_share=0.1)
    )


@pytest.fixture
def diagnosis(toy_shop, settings) -> dict:
    return diagnose(toy_shop, settings).to_json()


def model(name, ndcg, tail, slots, **summary):
    return {
        "name": name,
        "summary": {
            "ndcg_at_k": ndcg,
            "hr_at_k": 0.4,
            "tail_ndcg_at_k": tail,
            "fresh_ndcg_at_k": None,
            "exposure_gini": 0.9 - ndcg,
            "catalogue_coverage_at_k": 0.3,
            **summary,
        },
        "cuts": {
            "segment": {
                segment: {"ndcg_at_k": ndcg / 2, "slot_share": share}
                for segment, share in zip(("head", "tail", "fresh", "cold"), slots, strict=True)
            },
            "band": {
                "20-30": {"tail_slot_share": 0.6},
                "30-40": {"tail_slot_share": 0.4},
            },
        },
        "fit_s": 2.5,
        "score_s": 0.25,
    }


@pytest.fixture
def evaluation() -> dict:
    return {
        "shop": "Toy",
        "protocol": "time",
        "protocol_terms": {"eligibility": "Users with a history.", "caution": ""},
        "cutoff": "2025-03-01T00:00:00Z",
        "k": 10,
        "n_users": 1229,
        "segments": {"head": 2, "tail": 5, "fresh": 1, "cold": 2},
        "definitions": {"ndcg_at_k": "Discounted gain.", "tail_slot_share": "Share of slots."},
        "models": [
            model("popular", 0.05, 0.0, (1, 0, 0, 0)),
            model("terms", 0.08, 0.03, (0.5, 0.4, 0.1, 0)),
            model("blend", 0.11, 0.02, (0.7, 0.2, 0.1, 0)),
        ],
        "comparisons": [
            compare("popular", "ndcg_at_k", 0.06, 0.05, 0.07),
            compare("terms", "ndcg_at_k", 0.03, -0.01, 0.07),
            compare("popular", "tail_ndcg_at_k", 0.02, 0.01, 0.03),
            compare("terms", "tail_ndcg_at_k", -0.01, -0.02, -0.005),
        ],
        "chosen": {
            "components": [
                {"kind": "linear", "name": "linear", "l2": 300.0, "half_life": None},
                {"kind": "trend", "name": "trend", "half_life": 14},
            ],
            "weights": {"linear": 1.0, "trend": 0.5},
            "validation_users": 800,
        },
        "notes": ["3 targets are cold."],
    }


def compare(other, metric, difference, low, high):
    return {
        "a": "blend",
        "b": other,
        "metric": metric,
        "difference": difference,
        "low": low,
        "high": high,
        "p_value": 0.01,
    }


def column(name, **given):
    return {
        "column": name,
        "shop_column": None,
        "kind": "text",
        "filled_share": 1.0,
        "distinct": 3,
        "minimum": None,
        "maximum": None,
        "median": None,
        "odd_values": (),
        **given,
    }


@pytest.fixture
def check() -> dict:
    sizes = {"n_users": 6, "n_buyers": 6, "n_items": 10, "n_sold_items": 7, "n_interactions": 970}
    absent = dict.fromkeys(("n_returns", "n_reviews", "n_exposures"), 0)
    span = {"minimum": "2025-01-01T08:00:00+00:00", "maximum": "2025-04-07T00:00:00+00:00"}
    return {
        "format": 1,
        "level": "look",
        "findings": [
            {"level": "look", "code": "gap", "table": "", "sentence": "There is a gap."},
            {"level": "ok", "code": "clean", "table": "", "sentence": "Ids are fine."},
        ],
        "tables": [
            {
                "name": "interactions",
                "file": "orders.csv",
                "n_read": 1000,
                "n_accepted": 970,
                "n_quarantined": 20,
                "n_duplicates": 10,
                "reasons": [
                    {
                        "column": "CustomerID",
                        "reason": "no_user_id",
                        "explanation": "The row names no user.",
                        "n_rows": 20,
                        "examples": [
                            {"source_file": "orders.csv", "source_row": 7, "value": None},
                            {"source_file": "orders.csv", "source_row": 1200, "value": "'x'"},
                        ],
                    }
                ],
                "columns": [
                    column("user_id", shop_column="CustomerID", odd_values=("POST", "POST", "D")),
                    column("timestamp", kind="time", median=span["minimum"], **span),
                    column("price", minimum=0.0, maximum=1234567.5, median=2.5),
                ],
            }
        ],
        "shop": {
            **sizes,
            **absent,
            "n_baskets": 40,
            "events": [
                {"kind": "purchase", "n_rows": 960, "is_target": True},
                {"kind": "view", "n_rows": 10, "is_target": False},
            ],
        },
        "time": {
            "start": span["minimum"],
            "end": span["maximum"],
            "n_days": 97,
            "months": [{"month": "2025-01", "n_rows": 900}, {"month": "2025-04", "n_rows": 70}],
            "gaps": [],
        },
        "catalogue": {},
    }

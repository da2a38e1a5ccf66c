"""The test house itself: absent programs skip, required ones fail, the toy shop is as it says."""

from pathlib import Path

import numpy as np
import pytest

HOUSE = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
NEEDY = """
import pytest

@pytest.mark.data
def test_reads_data(data_folder):
    assert data_folder.is_dir()

def test_needs_nothing():
    assert 1 + 1 == 2
"""


@pytest.fixture
def needy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("UNSUNG_DATA", raising=False)
    monkeypatch.delenv("UNSUNG_REQUIRE", raising=False)
    pytester.makeconftest(HOUSE)
    pytester.makepyfile(NEEDY)
    pytester.makeini("[pytest]\nmarkers =\n    data: needs data")
    return pytester


def test_absent_data_is_skipped_with_the_reason(needy):
    result = needy.runpytest_subprocess("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*UNSUNG_DATA names no folder*"])


def test_required_data_that_is_absent_fails(needy, monkeypatch):
    monkeypatch.setenv("UNSUNG_REQUIRE", "data")
    result = needy.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*UNSUNG_REQUIRE names data, but UNSUNG_DATA names no folder*"])


def test_present_data_is_used(needy, monkeypatch, tmp_path):
    monkeypatch.setenv("UNSUNG_REQUIRE", "data")
    monkeypatch.setenv("UNSUNG_DATA", str(tmp_path))
    needy.runpytest_subprocess().assert_outcomes(passed=2)


def test_an_unknown_requirement_stops_the_run(needy, monkeypatch):
    monkeypatch.setenv("UNSUNG_REQUIRE", "dat")
    result = needy.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*UNSUNG_REQUIRE names dat; known: spark,*"])


@pytest.mark.postgres
def test_the_postgres_server_answers(postgres_url):
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 6 * 7").fetchone() == (42,)


@pytest.mark.browser
def test_the_browser_renders(page):
    page.set_content("<h1>unsung</h1>")
    assert page.inner_text("h1") == "unsung"


def test_the_toy_shop_has_the_answers_it_promises(toy_shop):
    state = toy_shop.as_of()
    buyers = dict(zip(toy_shop.items.values, state.buyers, strict=True))
    assert buyers == {
        "kettle": 5,
        "teapot": 3,
        "spade": 3,
        "rake": 3,
        "teacup": 2,
        "strainer": 1,
        "birdbath": 1,
        "cosy": 0,
        "gnome": 0,
        "dibber": 0,
    }
    (birdbath,) = toy_shop.items.index_of(["birdbath"])
    days_on_sale = (toy_shop.end - state.first_seen[birdbath]) / 86_400_000_000
    assert 1 < days_on_sale < 2
    gus = int(toy_shop.users.index_of(["gus"])[0])
    assert len(range(*state.pairs.of_user(gus).indices(len(state.pairs)))) == 0
    assert np.isfinite(state.pairs.value).all()

"""What commands print while they work, and when they are done."""

import io
import re

import pytest

from unsung.cli import terminal
from unsung.cli.tables import evaluation_lines
from unsung.cli.terminal import print_json, show_progress, write_page
from unsung.errors import InputError


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(terminal, "time", clock)
    return clock


def test_without_a_terminal_long_work_gives_signs_of_life(clock, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    with show_progress() as progress:
        progress("quick", 0, 1)
        progress("quick", 1, 1)
        progress("slow", 0, 9)
        clock.now = 11
        progress("slow", 3, 9)
        clock.now = 12
        progress("slow", 4, 9)
        clock.now = 30
        progress("unknown length")
        progress("slow", 9, 9)
    said = capsys.readouterr().err
    assert "quick" not in said
    assert said.splitlines() == [
        "  slow: 3 of 9, about 22 s left",
        "  unknown length",
        "  slow: done in 30 s",
    ]


def test_on_a_terminal_there_are_bars_and_lines_that_stay(clock, monkeypatch):
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    with show_progress() as progress:
        progress("reading", 0, 2)
        clock.now = 5
        progress("reading", 1, 2)
        progress("reading", 2, 2)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "done reading 5 s" in plain


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        print_json({"value": float("nan")})


def test_a_shop_that_could_not_be_tested_says_why():
    assert list(evaluation_lines(None, "Not tested: too few days.")) == [
        "Not tested: too few days."
    ]
    assert "Not tested" in next(iter(evaluation_lines(None)))


def test_a_page_brings_its_folder(tmp_path):
    write_page(tmp_path / "new" / "page.html", "<p>茶")
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8") == "<p>茶"


def test_a_page_that_can_not_be_written_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="--page"):
        write_page(tmp_path / "file" / "page.html", "")

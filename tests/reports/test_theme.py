import re
from pathlib import Path

import pytest

import unsung.reports
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.reports.theme import COLOURS, SEGMENTS, use_variables

SHEET = (Path(unsung.reports.__file__).parent / "templates" / "unsung.css").read_text("utf-8")


def palettes():
    """Light, dark and print: variable -> colour."""
    blocks = re.findall(r":root \{(.*?)\}", SHEET, flags=re.S)
    return [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", block)) for block in blocks]


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    bright, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_there_are_three_palettes_with_the_same_names():
    light, dark, paper = palettes()
    assert set(light) == set(dark) == set(paper)
    assert set(COLOURS) <= set(light)


@pytest.mark.parametrize("palette", range(3), ids=["light", "dark", "print"])
def test_text_is_legible_by_wcag_aa(palette):
    colours = palettes()[palette]
    for ground in ("paper", "raised"):
        for text in ("ink", "muted", "link", "tail", "fresh", "alarm"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["ink"], colours["mark"]) >= 4.5


@pytest.mark.parametrize("palette", range(3), ids=["light", "dark", "print"])
def test_words_inside_bars_and_bars_themselves_are_legible(palette):
    colours = palettes()[palette]
    for segment in SEGMENTS:
        assert contrast(colours["paper"], colours[segment]) >= 4.5, segment


def test_stand_ins_are_distinct_and_all_replaced():
    assert len(set(COLOURS.values())) == len(COLOURS)
    drawn = use_variables(" ".join(COLOURS.values()))
    assert drawn == " ".join(f"var(--{name})" for name in COLOURS)
    assert use_variables("#123456 #000000") == "#123456 #000000"


def test_pages_know_every_segment():
    assert tuple(SEGMENTS) == SEGMENT_NAMES

import re
import xml.etree.ElementTree as ET

import altair as alt
import pandas as pd
import pytest

from unsung.reports.drawing import draw, specification
from unsung.reports.theme import COLOURS


@pytest.fixture
def bars():
    frame = pd.DataFrame({"name": ["a", "<b>&"], "n": [1, 2]})
    return alt.Chart(frame).mark_bar(color=COLOURS["tail"]).encode(x="n:Q", y="name:N")


def drawn(chart, width=352):
    return str(draw(specification(chart, width, 120), "bars-narrow", "A <title>", "A & more"))


def test_a_drawing_is_well_formed_and_described(bars):
    root = ET.fromstring(drawn(bars))
    assert root.attrib["role"] == "img"
    assert root.attrib["class"] == "chart narrow"
    title, description = root[0], root[1]
    assert (title.text, description.text) == ("A <title>", "A & more")
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]


def test_a_drawing_takes_its_colours_and_width_from_the_page(bars):
    svg = drawn(bars)
    assert "var(--tail)" in svg
    assert not re.search(r"#00000[1-9]", svg)
    assert "viewBox" in svg
    assert not re.search(r"<svg[^>]* width=", svg)
    assert not re.search(r"<svg[^>]* height=", svg)


def test_a_drawing_is_as_wide_as_asked(bars):
    for width in (352, 544):
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn(bars, width))
        assert (float(box[1]), float(box[2])) == (width, 120)


def test_text_of_the_data_stays_text(bars):
    assert "&lt;b&gt;&amp;" in drawn(bars)


def test_the_same_data_give_the_same_bytes(bars):
    assert drawn(bars) == drawn(bars)


def test_ids_of_clips_begin_with_the_drawings_name():
    frame = pd.DataFrame({"x": [1, 2], "y": [1, 2]})
    clipped = alt.Chart(frame).mark_line(clip=True).encode(x="x:Q", y="y:Q")
    svg = drawn(clipped)
    ids = re.findall(r'id="([^"]+)"', svg)
    assert len(ids) > 2
    assert all(name.startswith("bars-narrow-") for name in ids)
    for reference in re.findall(r"url\(#([^)]+)\)", svg):
        assert reference in ids

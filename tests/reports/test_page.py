import pytest

from unsung.reports.page import (
    NOTHING,
    Choice,
    Column,
    DataTable,
    Definitions,
    Section,
    number,
    render,
)


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (1234567, "count", "1,234,567"),
        (0, "count", "0"),
        (0.591, "count", "0.591"),
        (1984.34, "count", "1,984"),
        (-2.0, "count", "-2"),
        (0.0512, "share", "5.1%"),
        (1, "bar", "100.0%"),
        (6322731.2, "money", "6,322,731"),
        (0.1033, "metric", "0.1033"),
        (-0.0003, "metric", "-0.0003"),
        (12.345, "metric", "12.3"),
        (1234.5, "metric", "1,234"),
        (None, "metric", NOTHING),
        ("", "count", NOTHING),
    ],
)
def test_numbers(value, kind, shown):
    assert number(value, kind) == shown


def test_a_definition_is_kept_once_and_listed_by_label():
    words = Definitions()
    first = words.link("b", "B.")
    words.link("a", "A.")
    assert words.link("b", "B.") == first
    assert words.link("b", "Another.") != first
    assert [(label, text) for _, label, text in words.listed()] == [
        ("a", "A."),
        ("b", "B."),
        ("b", "Another."),
    ]


def test_a_word_without_a_definition_is_no_link():
    words = Definitions()
    assert words.link("a < b", "") == "a &lt; b"
    assert words.listed() == []


def test_a_choice_takes_a_word_or_several():
    choice = Choice("reason", "Reason", {"new": "new"})
    assert choice.of({"reason": "new"}) == "new"
    assert choice.of({"reason": ["new", "no_title"]}) == "new no_title"
    assert choice.of({}) == choice.of({"reason": None}) == ""


def a_table(**given):
    values = {
        "name": "t",
        "title": "Rows",
        "columns": [Column("title", "title", definition="A title."), Column("n", "n", "count")],
        "rows": [{"title": "tea", "n": 3}],
        **given,
    }
    return Section("s", "Section", tables=[DataTable(**values)])


def test_empty_parts_are_left_out(take_apart):
    page = take_apart(render("T", "Shop", "context", [Section("s", "Only a title")]))
    page.check()
    assert page.headings == ["T", "Only a title", "Definitions"]
    assert not page.elements["table"] + page.elements["figure"] + page.elements["ul"]


def test_a_table_without_rows_says_so(take_apart):
    page = take_apart(render("T", "S", "c", [a_table(rows=[], empty="No rows yet.")]))
    page.check()
    assert "No rows yet." in page.text
    assert not page.elements["table"]


def test_every_kind_of_cell(take_apart):
    kinds = ["segment", "tag", "reasons", "bar", "metric", "id", "sentence", "text"]
    columns = [Column("head", "row"), *(Column(kind, kind, kind) for kind in kinds)]
    full = {
        "head": "a",
        "segment": "tail",
        "tag": "in use",
        "reasons": [{"sentence": "Because."}],
        "bar": 0.25,
        "metric": 0.5,
        "id": "i1",
        "sentence": "Words.",
        "text": "text",
        "chosen": True,
        "best": ["metric"],
    }
    page = take_apart(render("T", "S", "c", [a_table(columns=columns, rows=[full, {"head": "b"}])]))
    page.check()
    assert "established tail" in page.text
    assert "Because." in page.text
    assert ("style", "--w:25.0%") in page.attributes
    assert ("class", "chosen") in page.attributes
    assert ("class", "n best") in page.attributes
    # Every cell of the second row but the tag says that there is nothing.
    assert page.text.count(NOTHING) == len(kinds) - 1


def test_a_first_column_can_name_a_segment(take_apart):
    columns = [Column("segment", "segment", "segment"), Column("n", "n", "count")]
    page = take_apart(
        render("T", "S", "c", [a_table(columns=columns, rows=[{"segment": "fresh", "n": 1}])])
    )
    assert ("class", "swatch fresh") in page.attributes


def test_menus_only_where_there_are_choices(take_apart):
    choice = Choice("reason", "Reason", {"new": "is new"})
    rows = [{"title": str(at), "n": at, "reason": ["new", "old"]} for at in range(5)]
    page = take_apart(render("T", "S", "c", [a_table(rows=rows, choices=[choice])]))
    page.check()
    assert page.elements["select"] == page.elements["input"] == 1
    assert ("data-reason", "new old") in page.attributes
    assert take_apart(render("T", "S", "c", [a_table()])).elements["input"] == 0


def test_nothing_that_a_shop_names_becomes_markup(take_apart, evil):
    columns = [Column("a", evil, "text", evil), Column("r", "r", "reasons"), Column("i", "i", "id")]
    section = Section(
        "s",
        evil,
        evil,
        summary=[evil],
        figures=[{"label": evil, "value": 1, "definition": evil, "is_share": False}],
        findings=[{"level": "look", "sentence": evil}],
        tables=[
            DataTable(
                "t",
                evil,
                columns,
                [{"a": evil, "i": evil, "r": [{"sentence": evil}], "c": evil}],
                evil,
                choices=[Choice("c", evil, {evil: evil})],
            )
        ],
        settings=[(evil, evil)],
        notes=[evil],
    )
    page = take_apart(render(evil, evil, evil, [section]))
    page.check()
    assert "49" not in page.text
    assert page.text.count("<script>alert('x')</script>") >= 14

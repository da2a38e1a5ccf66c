import pytest

from unsung.reports.charts import (
    differences_chart,
    lorenz_chart,
    monthly_bars_chart,
    monthly_line_chart,
    monthly_shares_chart,
    stacked_shares_chart,
    trade_off_chart,
)
from unsung.reports.drawing import draw, specification
from unsung.reports.theme import SEGMENTS


def svg_of(chart):
    return str(draw(specification(chart, 352, 240), "c-narrow", "t", "d"))


def points_of(models):
    """The points with their names and sides, as they go into the drawing."""
    spec = specification(trade_off_chart(models, 352, 240), 352, 240)
    return next(iter(spec["datasets"].values()))


def months(n):
    return [
        {"month": f"{2020 + at // 12}-{at % 12 + 1:02}", "n": at, "gini": 0.5}
        | {f"{name}_share": 0.25 for name in SEGMENTS}
        for at in range(n)
    ]


def test_lorenz_curve_splits_at_the_head():
    points = [{"catalogue_share": x / 10, "buyers_share": (x / 10) ** 3} for x in range(11)]
    svg = svg_of(lorenz_chart(points, 0.2))
    assert "var(--head)" in svg
    assert "var(--tail)" in svg
    assert "var(--ink)" in svg


def test_stacked_shares_in_the_order_of_the_segments():
    rows = [
        {"measure": measure, "segment": name, "share": share}
        for measure in ("Sales", "Catalogue")
        for name, share in zip(SEGMENTS, (0.5, 0.3, 0.15, 0.05), strict=True)
    ]
    svg = svg_of(stacked_shares_chart(rows))
    assert svg.index(">Sales<") < svg.index(">Catalogue<")
    assert ">50%<" in svg
    assert ">5%<" not in svg  # too narrow for a word
    assert all(f"var(--{name})" in svg for name in SEGMENTS)


@pytest.mark.parametrize(("n", "labels"), [(1, 1), (6, 6), (13, 5), (36, 6)])
def test_months_are_named_often_enough(n, labels):
    for chart in (
        monthly_shares_chart(months(n), "share", "share"),
        monthly_line_chart(months(n), "gini", "Gini"),
        monthly_bars_chart(months(n), "n", "rows"),
    ):
        svg = svg_of(chart)
        assert sum(f">{row['month']}<" in svg for row in months(n)) == labels


def test_differences_are_coloured_by_what_is_settled():
    rows = [
        {"name": "up", "difference": 0.2, "low": 0.1, "high": 0.3},
        {"name": "down", "difference": -0.2, "low": -0.3, "high": -0.1},
        {"name": "open", "difference": 0.0, "low": -0.1, "high": 0.1},
    ]
    svg = svg_of(differences_chart(rows))
    assert all(f"var(--{name})" in svg for name in ("tail", "fresh", "cold"))
    settled = svg_of(differences_chart(rows[:1]))
    assert "var(--fresh)" not in settled


def named(n, x=0.1, y=0.02):
    return [{"name": f"model {at}", "x": x, "y": y, "chosen": at == 0} for at in range(n)]


def test_every_recommender_is_a_point_with_its_name():
    models = [
        {"name": "most popular", "x": 0.03, "y": 0.0, "chosen": False},
        {"name": "blend", "x": 0.11, "y": 0.02, "chosen": True},
    ]
    svg = svg_of(trade_off_chart(models, 352, 240))
    assert ">most popular<" in svg
    assert ">blend<" in svg
    assert "var(--tail)" in svg


def test_names_at_one_point_stand_on_different_sides():
    assert len({row["side"] for row in points_of(named(4))}) == 4


def test_a_name_at_the_right_edge_stays_inside():
    models = [{"name": "a rather long model name", "x": 0.2, "y": 0.02, "chosen": False}]
    rows = next(
        iter(specification(trade_off_chart(models, 352, 240), 352, 240)["datasets"].values())
    )
    assert "right" not in rows[0]["side"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("x" * 26, "x" * 26),
        ("x" * 40, "x" * 25 + "…"),
        ("两阶段排序模型两阶段排序模型", "两阶段排序模型两阶段排序…"),
    ],
)
def test_long_names_are_shortened(name, label):
    models = [{"name": name, "x": 0.2, "y": 0.02, "chosen": False}]
    rows = next(
        iter(specification(trade_off_chart(models, 352, 240), 352, 240)["datasets"].values())
    )
    assert rows[0]["label"] == label


def test_all_zero_is_drawn():
    assert "<svg" in svg_of(trade_off_chart(named(2, 0.0, 0.0), 352, 240))

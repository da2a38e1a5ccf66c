"""The dial on a page: how much of the tail a budget buys, what is certified, what others give."""

from collections.abc import Mapping
from typing import Any, Final

from unsung.reports.dial_charts import frontier_chart
from unsung.reports.page import Column, DataTable, Panel, Section, chart, number

Json = Mapping[str, Any]

_POSITIONS: Final = (
    Column("name", "position"),
    Column("tail_share", "tail in lists", "share", "Mean share of the established tail in a list."),
    Column("loss", "NDCG given up", "share", "Share of the undialled lists' NDCG."),
    Column("loss_low", "from", "share", "Lower end of its 95% interval."),
    Column("loss_high", "to", "share", "Upper end of its 95% interval."),
    Column("p_value", "p", "metric", "Chance of such margins if the loss were beyond the budget."),
    Column("state", "certified", "tag"),
)
_FRONTIER: Final = (
    Column("method", "method"),
    Column("strength", "strength", "metric", "In the method's own unit."),
    Column("loss", "NDCG given up", "share", "Share of the undialled lists' NDCG."),
    Column("aplt_tail", "tail in lists", "share", "Mean share of the established tail in a list."),
    Column("aplt_fresh", "fresh in lists", "share", "Mean share of fresh items in a list."),
    Column("tail_ndcg_at_k", "NDCG, established tail", "metric"),
    Column("catalogue_coverage_at_k", "coverage", "share", "Items in any list / items."),
    Column("effective_items", "effective items", "count", "Exponential of the exposure's entropy."),
    Column("captured_value_at_k", "captured value", "share",
           "Share of the money spent later that the lists contained; not what they caused."),
)  # fmt: skip


def dial_sections(dial: Json | None) -> list[Section]:
    """The dial as a part of a page.

    Parameters
    ----------
    dial : mapping or None
        As from ``dial_record``; None where there is none.
    """
    if not dial:
        return []
    frontier = [
        {**row, "method": row["method"].replace("_", " ")}
        for row in dial["frontier"]
        if not row["dominated"]
    ]
    positions = [
        {**row, "state": "certified" if row["certified"] else "", "chosen": row["certified"]}
        for row in dial["positions"]
    ]
    return [
        Section(
            "dial",
            "The dial",
            "How much of the established tail a loss of relevance buys, and what is certified.",
            summary=dial["sentences"],
            charts=[_frontier(dial)],
            tables=[
                DataTable(
                    "dial-positions",
                    f"Positions of {dial['method'].replace('_', ' ')}",
                    _POSITIONS,
                    positions,
                    about=f"Tested in this order on {number(dial['counts']['calibration'])} "
                    "customers who took no part in any choice; the first that fails ends it.",
                ),
                DataTable(
                    "dial-frontier",
                    "What no other setting beats",
                    _FRONTIER,
                    frontier,
                    about=f"On {number(dial['counts']['selection'])} customers that the choice was "
                    "made on; settings that another one beats in both are left out.",
                ),
            ],
            notes=[
                "A certificate speaks of customers like these in a like period, and of this very "
                "model: a refit needs a new one.",
                "Coverage, effective items and captured value are not means over customers: they "
                "are reported, not certified.",
            ],
        )
    ]


def _frontier(dial: Json) -> Panel:
    told = "; ".join(
        f"{row['method']} {row['strength']:g}: {row['loss']:.1%} for {row['aplt_tail']:.1%}"
        for row in dial["frontier"]
        if not row["dominated"]
    )
    return Panel(
        "Relevance given up, tail gained",
        chart(
            "frontier",
            "NDCG given up against the established tail's share of the lists, for each method",
            told,
            frontier_chart(list(dial["frontier"]), list(dial["positions"]), dial["budget"]),
            300,
        ),
        "Lines: methods on the customers that the choice was made on. Diamonds: certified "
        f"positions, on others. Dashed: the budget of {dial['budget']:.0%}.",
    )

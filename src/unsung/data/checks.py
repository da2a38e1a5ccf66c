"""From the tables of a check to sentences: what to look at, and what to do."""

from collections.abc import Iterator

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.inspection import (
    CatalogueReport,
    CheckReport,
    Finding,
    Group,
    ShopReport,
    TableReport,
    TimeReport,
    describe_catalogue,
    describe_shop,
    describe_table,
    describe_time,
    worst,
)
from unsung.data.preparation import PreparedTables

_STOP_SHARE = 0.5
_LOOK_SHARE = 0.001
_LOOK_DUPLICATES = 0.01
_EQUAL_ROWS = (
    "equal another in every column that is read and count once; set [cleaning] "
    "collapse_duplicates = false if they are meant"
)
_REPEATS = {
    "items": "are of items that have a later row, which counts; keep one row an item",
    "users": "are of users who have a later row, which counts; keep one row a user",
}
_FEW_USERS, _FEW_ITEMS = 100, 50
_WANTED = {"no_user_id", "not_a_product"}
"""Reasons that a shop's own rules or nature give: never a cause to stop."""


def check_report(prepared: PreparedTables, dataset: Dataset) -> CheckReport:
    """Look over a shop's data.

    Parameters
    ----------
    prepared : PreparedTables
    dataset : Dataset
        Built from ``prepared``.

    Returns
    -------
    report : CheckReport
    """
    tables = tuple(describe_table(name, table) for name, table in prepared.tables.items())
    shop = describe_shop(prepared, dataset)
    time = describe_time(dataset)
    catalogue = describe_catalogue(prepared, dataset, dataset.as_of())
    found = [
        *(finding for table in tables for finding in _about_table(table)),
        *_about_shop(shop),
        *_about_time(time),
        *_about_catalogue(catalogue, shop),
    ]
    if not found:
        found = [Finding("ok", "clean", "", "Nothing stands out.")]
    found.sort(key=lambda finding: ("stop", "look", "ok").index(finding.level))
    return CheckReport(worst(found), tuple(found), tables, shop, time, catalogue)


def _about_table(table: TableReport) -> Iterator[Finding]:
    broken = sum(r.n_rows for r in table.reasons if r.reason not in _WANTED)
    if table.n_accepted == 0:
        sentence = f"No row of {table.file} can be used; see the reasons below."
        yield Finding("stop", "nothing_accepted", table.name, sentence)
    elif broken > _STOP_SHARE * table.n_read:
        yield Finding(
            "stop",
            "mostly_broken",
            table.name,
            f"{_share(broken, table.n_read)} of the rows of {table.file} are broken: check that "
            f"[{table.name}.columns] names the right columns.",
        )
    for reason in table.reasons:
        level = "look" if reason.n_rows > _LOOK_SHARE * table.n_read else "ok"
        where = f"column '{reason.column}': " if reason.column else ""
        yield Finding(
            level,
            reason.reason,
            table.name,
            f"Set aside from {table.file}: {reason.n_rows:,} of {table.n_read:,} rows "
            f"({_share(reason.n_rows, table.n_read)}), {where}"
            f"{reason.explanation[0].lower()}{reason.explanation[1:]}",
        )
    if table.n_duplicates:
        level = "look" if table.n_duplicates > _LOOK_DUPLICATES * table.n_read else "ok"
        repeats = _REPEATS.get(table.name, _EQUAL_ROWS)
        yield Finding(
            level,
            "duplicates",
            table.name,
            f"Duplicates in {table.file}: {table.n_duplicates:,} of {table.n_read:,} rows "
            f"({_share(table.n_duplicates, table.n_read)}) {repeats}.",
        )


def _about_shop(shop: ShopReport) -> Iterator[Finding]:
    if shop.n_users < 2 or shop.n_items < 2:
        sentence = "There are fewer than two users or two items: nothing can be recommended."
        yield Finding("stop", "too_small", "", sentence)
    elif shop.n_users < _FEW_USERS or shop.n_items < _FEW_ITEMS:
        yield Finding(
            "look",
            "small",
            "",
            f"With {shop.n_users:,} users and {shop.n_items:,} items every figure will be "
            "uncertain; look at its interval.",
        )
    target = next((e.kind for e in shop.events if e.is_target), None)
    if target is not None and target not in schema.TARGET_EVENTS:
        yield Finding(
            "look",
            "no_target_events",
            "interactions",
            f"There are no purchases, ratings or reviews, so '{target}' is what is predicted; map "
            "the shop's name of a purchase under [event_names] if there is one.",
        )
    for name, n in (
        ("reviews", shop.n_reviews_of_unknown_items),
        ("exposures", shop.n_exposures_of_unknown_items),
    ):
        if n:
            sentence = (
                f"{n:,} {name} are of items that neither the items file nor the interactions "
                "name, and are left out; check that the ids are written alike."
            )
            yield Finding("look", "unknown_items", name, sentence)
    if shop.n_reviews_without_time:
        sentence = (
            f"{shop.n_reviews_without_time:,} reviews have no time and can't be used, since they "
            "may have been written after what is predicted; map their time."
        )
        yield Finding("look", "reviews_without_time", "reviews", sentence)


def _about_time(time: TimeReport | None) -> Iterator[Finding]:
    if time is None:
        sentence = (
            "Only the order of events is known: trends, fresh items and evaluation by time need "
            "a timestamp."
        )
        yield Finding("look", "no_clock", "interactions", sentence)
        return
    for gap in time.gaps:
        yield Finding(
            "look",
            "gap",
            "interactions",
            f"There is no event from {gap.start} to {gap.end} ({gap.n_days} days), where days are "
            "usually busy; check that no file is missing.",
        )


def _about_catalogue(catalogue: CatalogueReport, shop: ShopReport) -> Iterator[Finding]:
    lacking = (
        (
            "items_without_text",
            catalogue.without_text,
            "have no title and no description: the language model can't place them; add their text",
        ),
        (
            "items_without_price",
            catalogue.without_price,
            "have no price; map it, or leave it if money doesn't matter",
        ),
        (
            "items_without_category",
            catalogue.without_category,
            "have no category; map it if there is one",
        ),
        (
            "not_in_catalogue",
            catalogue.not_in_catalogue,
            "have events but no row in the items "
            "file: they are kept without text; complete the file",
        ),
        (
            "duplicate_titles",
            catalogue.duplicate_titles,
            "share their title with another item; merge them or tell them apart",
        ),
        (
            "alike_item_ids",
            catalogue.alike_items,
            "have ids that are equal but for capitals or blanks; check whether they are one item",
        ),
    )
    for code, group, sentence in lacking:
        if group.n:
            level = "look" if group.n > 0.01 * shop.n_items or "alike" in code else "ok"
            yield Finding(level, code, "items", _concerning(group, shop.n_items, "items", sentence))
    if catalogue.alike_users.n:
        sentence = (
            "have ids that are equal but for capitals or blanks; check whether they are one user"
        )
        text = _concerning(catalogue.alike_users, shop.n_users, "users", sentence)
        yield Finding("look", "alike_user_ids", "users", text)
    if catalogue.never_sold.n:
        sentence = "were never sold in this time: the cold end of the long tail"
        text = _concerning(catalogue.never_sold, shop.n_items, "items", sentence)
        yield Finding("ok", "never_sold", "items", text)


def _concerning(group: Group, n: int, what: str, sentence: str) -> str:
    examples = ", ".join(group.examples)
    return f"{group.n:,} of {n:,} {what} ({_share(group.n, n)}) {sentence} ({examples})."


def _share(part: int, whole: int) -> str:
    share = 100 * part / max(whole, 1)
    return f"{share:.1f} %" if share >= 0.1 or part == 0 else "under 0.1 %"

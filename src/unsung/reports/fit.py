"""The report of a fit: what was read, what the shop looks like, how well the lists do."""

from collections.abc import Iterator, Mapping
from typing import Any

from unsung.reports.check import check_overview
from unsung.reports.diagnosis import as_of_words, overview_section, reasons_section
from unsung.reports.dial import dial_sections
from unsung.reports.evaluation import chosen_sections, evaluation_sections
from unsung.reports.outlook import outlook_section
from unsung.reports.page import Section, render
from unsung.reports.today import today_sections
from unsung.reports.training import before_after_sections

Json = Mapping[str, Any]


def fit_report_page(fit: Json) -> str:
    """HTML page that goes into a bundle.

    Parameters
    ----------
    fit : mapping
        ``shop``, and any of ``today`` (as for ``today_sections``), ``check`` (as for
        ``check_page``), ``diagnosis`` (as for ``diagnosis_page``), ``evaluation`` (as for
        ``evaluation_page``), ``chosen`` (its choice), ``dial`` (as for ``dial_sections``),
        ``training`` (as for ``before_after_sections``) and ``notes``; a part that is absent or None
        is left out.

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    diagnosis = fit.get("diagnosis")
    context = fit["shop"]
    if diagnosis:
        context += f", {as_of_words(diagnosis['as_of'])}. {diagnosis['tail_definition']}"
    return render("Fit report", fit["shop"], context, list(_sections(fit)))


def _sections(fit: Json) -> Iterator[Section]:
    if fit.get("notes"):
        yield Section("notes", "Bear in mind", summary=fit["notes"])
    yield from today_sections(fit.get("today"))
    if fit.get("evaluation"):
        yield from evaluation_sections(fit["evaluation"])
    yield from dial_sections(fit.get("dial"))
    yield from before_after_sections(fit.get("training"))
    if fit.get("diagnosis"):
        yield overview_section(fit["diagnosis"])
        yield reasons_section(fit["diagnosis"])
        if "outlook" in fit["diagnosis"]["tables"]:
            yield outlook_section(fit["diagnosis"]["tables"])
    if fit.get("check"):
        yield check_overview(fit["check"])
    yield from chosen_sections(fit.get("chosen"))

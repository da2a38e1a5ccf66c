"""Which promises of docs/trust.md a measurement of ``service.py`` breaks."""

from typing import Any

STOP_S = 10
"""Within which an orderly stop has ended."""
BOMBS_MB = 50
"""The most that hostile bodies may add to the memory."""
LEAKS_S = 1800
"""The load after which nothing may have grown."""
MOST_GROWN = {"files": 0, "threads": 0, "mb_a_minute": 1}


def broken(found: dict[str, Any]) -> list[str]:
    """Promises that a slow machine keeps as well, and that don't hold."""
    faults = ("lost", "duplicated", "partial", "phantom")
    rows = [("kills", found.get("kills", {})), *found.get("stop", {}).items()]
    bad = [f"{name}: {fault}" for name, row in rows for fault in faults if row.get(fault)]
    for name, part in (("swap", "busy"), ("slow", "beside")):
        if name in found and set(found[name][part]["statuses"]) != {200}:
            bad.append(name)
    if abs(found.get("rates", {"let_through": 50})["let_through"] - 50) > 1:
        bad.append("rates")
    statuses = [each["status"] for each in found.get("bombs", {}).get("bombs", {}).values()]
    bad += ["bombs"] * any(not 400 <= status < 500 for status in statuses)
    bad += ["bombs: memory"] * (found.get("bombs", {}).get("grown_mb", 0) > BOMBS_MB)
    ends = found.get("stop", {}).items()
    bad += [f"{name}: seconds" for name, row in ends if row["seconds"] > STOP_S]
    return bad + leaking(found.get("leaks", {}))


def leaking(found: dict[str, Any]) -> list[str]:
    """What grew under half an hour of load; of a shorter one nothing: caches fill meanwhile."""
    if found.get("seconds", 0) < LEAKS_S:
        return []
    return [f"leaks: {name}" for name, bound in MOST_GROWN.items() if found[name] > bound]

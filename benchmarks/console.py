"""How soon the console's pages are there, in a real browser, and how much they weigh.

    python benchmarks/console.py BUNDLE [--repeats 7]

Serves the bundle with an empty store and opens each page in Chromium, every time with an empty
cache: from the start of the navigation to the first contentful paint, and to the moment when no
part of the page waits for data any more; the bytes that came over the wire; requests to anybody
else. Then it does on each page what people do and takes from the browser (Event Timing) how long
each took until the next paint. Prints one JSON document; medians over the repeats.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from http_load import Server
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAGES = {
    "tail": "/",
    "dial": "/dial",
    "gems": "/gems",
    "items": "/items",
    "item": "/items/{item}",
    "customers": "/customers",
    "models": "/models",
    "try": "/try",
}
# The first frame in which nothing waits: no part is busy and no chart is on its way.
WATCH = """
  window.complete = 0;
  window.slowest = [];
  const look = () => {
    const busy = document.querySelector("[aria-busy=true], .skeleton");
    if (busy || !document.querySelector("main")) window.complete = 0;
    else window.complete ||= performance.now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.slowest.push(one.duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def do_tail(page: Page) -> None:
    """Open a definition and a table of numbers."""
    page.locator("details.define summary").first.click()
    page.locator("details.define summary").nth(7).click()


def do_dial(page: Page) -> None:
    """Move the slider a step."""
    if page.locator("#turn input[type=range]").count():
        page.locator("#turn input[type=range]").press("ArrowLeft")


def do_gems(page: Page) -> None:
    """Filter and sort."""
    page.locator("#words").press_sequentially("set", delay=60)
    page.locator("#sort").select_option("expected")


def do_items(page: Page) -> None:
    """Sort, and search by words."""
    page.locator("th button").nth(1).click()
    page.locator("#query").press_sequentially("lantern", delay=60)


def do_customers(page: Page) -> None:
    """Look at another customer."""
    page.locator("#samples button").last.click()


def do_models(page: Page) -> None:
    """Open what is folded."""
    page.locator("details.define summary").first.click()


def do_try(page: Page) -> None:
    """Look at something."""
    page.locator(".tile .picture").first.click()


TASKS: dict[str, Callable[[Page], None]] = {
    "tail": do_tail,
    "dial": do_dial,
    "gems": do_gems,
    "items": do_items,
    "customers": do_customers,
    "models": do_models,
    "try": do_try,
}


def settled(page: Page) -> float:
    """When the page was complete, in ms after the navigation began."""
    found = page.wait_for_function("() => window.complete", timeout=60_000)
    page.wait_for_timeout(300)
    return float(page.evaluate("() => window.complete") or found.json_value())


def view(browser: Browser, address: str, path: str, name: str) -> dict[str, Any]:
    """One first view, and what people do then."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH)
    weighed = context.new_cdp_session(page)
    weighed.send("Network.enable")
    sizes: list[float] = []
    elsewhere: list[str] = []
    weighed.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
    page.on(
        "request",
        lambda sent: sent.url.startswith((address, "blob:", "data:")) or elsewhere.append(sent.url),
    )
    page.goto(address + path)
    complete, painted, weight = settled(page), float(page.evaluate(PAINTED)), sum(sizes)
    slowest = 0.0
    if name in TASKS:
        page.evaluate("() => { window.slowest = []; }")
        TASKS[name](page)
        page.wait_for_timeout(500)
        slowest = max(page.evaluate("() => window.slowest") or [0])
    context.close()
    return {
        "first_paint_ms": painted,
        "complete_ms": complete,
        "weight_kb": weight / 1_000,
        "interaction_ms": slowest,
        "elsewhere": elsewhere,
    }


def measured(browser: Browser, address: str, path: str, name: str, repeats: int) -> dict[str, Any]:
    """Medians of several views; of the interactions the slowest."""
    views = [view(browser, address, path, name) for _ in range(repeats)]
    middle = {
        key: round(statistics.median(one[key] for one in views))
        for key in ("first_paint_ms", "complete_ms", "weight_kb", "interaction_ms")
    }
    return {
        **middle,
        "requests_elsewhere": sorted({url for one in views for url in one["elsewhere"]}),
    }


def some_item(browser: Browser, address: str) -> str:
    """The address of an item's page."""
    page = browser.new_page()
    page.goto(f"{address}/items")
    link = page.locator("td.title a").first
    link.wait_for(timeout=60_000)
    found = str(link.get_attribute("href"))
    page.close()
    return found


def main() -> None:
    """Measure every page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--pages", nargs="*", default=list(PAGES))
    chosen = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    options = ["--no-sandbox"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(chosen.bundle, Path(folder) / "shop.db")
        with server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=options)
            address = f"http://127.0.0.1:{server.port}"
            item = some_item(browser, address)
            # Once beforehand: the charts' script is made when it is first asked for.
            view(browser, address, "/", "")
            found = {
                name: measured(
                    browser,
                    address,
                    PAGES[name].replace("/items/{item}", item),
                    name,
                    chosen.repeats,
                )
                for name in chosen.pages
            }
            browser.close()
    print(
        json.dumps(
            {"repeats": chosen.repeats, "load": os.getloadavg()[0], "pages": found}, indent=1
        )
    )


if __name__ == "__main__":
    main()

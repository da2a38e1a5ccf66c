"""Pictures of every page of the console, by one command.

``python docs/screenshots.py BUNDLE`` serves the bundle with a store of its own, lets customers ask
for lists and buy from them, opens each page in Chromium and writes whole pages as PNG files into
``docs/images``.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE = {"width": 1440, "height": 1000}
NARROW = {"width": 390, "height": 844}
# Name of the picture -> address, size, scheme and language.
PICTURES: dict[str, tuple[str, dict[str, int], str, str]] = {
    "tail": ("/", WIDE, "light", "en-GB"),
    "dial": ("/dial", WIDE, "light", "en-GB"),
    "gems": ("/gems", WIDE, "light", "en-GB"),
    "items": ("/items?query=a+present+for+a+gardener&segment=tail", WIDE, "light", "en-GB"),
    "item": ("/items/{item}", WIDE, "light", "en-GB"),
    "customers": ("/customers", WIDE, "light", "en-GB"),
    "models": ("/models", WIDE, "light", "en-GB"),
    "try": ("/try", WIDE, "light", "en-GB"),
    "tail-zh-dark": ("/", WIDE, "dark", "zh-CN"),
    "dial-zh-narrow": ("/dial", NARROW, "light", "zh-CN"),
    "gems-dark": ("/gems", WIDE, "dark", "en-GB"),
    "items-zh": ("/items?segment=tail&sort=buyers", WIDE, "light", "zh-CN"),
    "item-narrow": ("/items/{item}", NARROW, "light", "en-GB"),
    "customers-zh-dark": ("/customers", WIDE, "dark", "zh-CN"),
    "models-narrow": ("/models", NARROW, "light", "en-GB"),
    "try-narrow-dark": ("/try", NARROW, "dark", "en-GB"),
}
CUSTOMERS, LISTS = 50, 9
"""Who asks for lists before the pictures are taken, and how often each."""
BUSY = "() => document.querySelectorAll('[aria-busy=true], .skeleton').length"


@contextmanager
def served(bundle: Path) -> Iterator[str]:
    """The address of a service of the bundle, with an empty store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/shop.db"
        command = [sys.executable, "-m", "unsung", "serve", str(bundle), "--port", str(port)]
        environment = {**os.environ, "UNSUNG_SERVE_STORE": store, "UNSUNG_SERVE_LOG_LEVEL": "error"}
        with subprocess.Popen(command, env=environment) as process:
            try:
                wait_for(f"http://127.0.0.1:{port}/health/ready")
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def wait_for(address: str, seconds: float = 180) -> None:
    """Wait until an address answers that all is well."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address):  # noqa: S310 - of our own service
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            threading.Event().wait(0.2)


def ask(address: str, path: str, body: Any = None) -> Any:
    """What the service answers to a GET, or to a POST of a body."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(  # noqa: S310 - of our own service
        urllib.request.Request(address + path, data, headers)  # noqa: S310
    ) as answer:
        return json.load(answer)


def live(address: str) -> None:
    """Something happens: customers are shown lists, and every third buys from the top of one."""
    for user in ask(address, f"/v1/users?k={CUSTOMERS}")["users"]:
        user_id = urllib.parse.quote(user["user_id"], safe="")
        for turn in range(LISTS):
            found = ask(address, f"/v1/users/{user_id}/recommendations?k=10")
            bought = found["items"][turn % 3]["item_id"]
            event = {"user_id": user["user_id"], "item_id": bought, "event": "purchase"}
            if turn % 3 == 0:
                event["request_id"] = found["request_id"]
                ask(address, "/v1/events", {"events": [event]})


def settled(page: Page) -> None:
    """Wait until nothing of a page is on its way any more."""
    for _ in range(200):
        page.wait_for_timeout(100)
        if not page.evaluate(BUSY):
            page.wait_for_timeout(300)
            return


def warm_up(page: Page) -> None:
    """Start a budget for the first two gems, once."""
    if page.locator(".warm-up").count():
        return
    for place in (0, 1):
        page.locator(".tick input").nth(place).check()
    page.locator("#warm-chosen").click()
    page.locator("dialog [name=note]").fill("Two to begin with")
    page.locator("dialog .primary").click()
    page.wait_for_selector(".warm-up")
    settled(page)
    page.locator("#toast").wait_for(state="hidden")
    page.evaluate("() => scrollTo(0, 0)")


def take(browser: Browser, address: str, name: str, folder: Path) -> None:
    """One picture."""
    path, size, scheme, locale = PICTURES[name]
    looks: dict[str, Any] = {"viewport": size, "color_scheme": scheme, "locale": locale}
    context = browser.new_context(**looks)
    page = context.new_page()
    if "{item}" in path:
        page.goto(f"{address}/items?sort=demand")
        page.wait_for_selector("td.title a")
        path = str(page.locator("td.title a").first.get_attribute("href"))
    page.goto(address + path)
    settled(page)
    if path == "/gems":
        warm_up(page)
    if path == "/try":
        page.locator(".tile .button").nth(1).click()
        page.wait_for_timeout(500)
        settled(page)
    seen = {"width": size["width"], "height": page.evaluate("document.body.scrollHeight")}
    if path == "/gems":  # two dozen cards alike
        seen["height"] = min(seen["height"], 1800)
    page.screenshot(path=folder / f"{name}.png", full_page=True, clip={"x": 0, "y": 0, **seen})
    context.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    options = ["--no-sandbox"] if os.getuid() == 0 else []
    with served(chosen.bundle) as address, sync_playwright() as playwright:
        live(address)
        browser = playwright.chromium.launch(executable_path=program, args=options)
        for name in PICTURES:
            take(browser, address, name, chosen.out)
        browser.close()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""A real browser for pages, headless, offline, and watched for everything that it says or asks for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

KIND = "chromium"
WIDTH, HEIGHT = 1240, 900


@dataclass
class Watched:
    """A page, and what came of opening it."""

    page: Page
    said: list[str] = field(default_factory=list)
    """On the console, and errors."""
    asked: list[str] = field(default_factory=list)
    """Addresses."""


def executable() -> Path | None:
    """The browser, where it is installed."""
    found = shutil.which("chromium")
    return Path(found) if found else None


def is_installed() -> bool:
    """True when there is one."""
    return executable() is not None


@contextmanager
def opened(file: Path) -> Iterator[Watched]:
    """A file in the browser. The browser ends with the block: playwright's loop must not outlive a test."""
    # Chromium refuses its sandbox to root; what is opened here is our own file.
    words = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=words)
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            watched = Watched(page)
            page.on("console", lambda message: watched.said.append(message.text))
            page.on("pageerror", lambda error: watched.said.append(str(error)))
            page.on("dialog", lambda dialog: watched.said.append(f"dialog: {dialog.message}"))
            page.on("request", lambda request: watched.asked.append(request.url))
            page.goto(file.as_uri())
            yield watched
        finally:
            browser.close()

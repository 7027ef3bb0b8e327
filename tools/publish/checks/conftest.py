"""What the checks of built pages share: the built folder, and a browser without a network."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[3]
AXE = ROOT / "tools" / "publish" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def build():
    """The folder that `make publish` writes."""
    folder = ROOT / "build"
    assert (folder / "site" / "index.html").exists(), "run `make publish` first"
    return folder


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium that is on this machine already."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"these checks need a browser, one of {', '.join(names)}; found none"
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet]
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()

"""What the checks of built pages share: the built folder, and a browser without a network."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from websocket import create_connection

ROOT = Path(__file__).parents[3]
AXE = ROOT / "tools" / "publish" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BROKEN_ONLY = {"preload": False, "resultTypes": ["violations"]}  # what axe should report


@pytest.fixture(scope="session")
def build():
    """The folder that `make publish` writes."""
    folder = ROOT / "build"
    assert (folder / "site" / "index.html").exists(), "run `make publish` first"
    return folder


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium that is already on this machine."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"these checks need a browser, one of {', '.join(names)}; found none"
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet]
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


class Firefox:
    """A headless Firefox, driven by WebDriver BiDi, which it supports natively.

    Playwright's own Firefox is a download, and so is the driver that Selenium needs.
    """

    def __init__(self, path, profile):
        command = [path, "--headless", "--no-remote", "--remote-debugging-port=0"]
        self.process = subprocess.Popen(
            [*command, "--profile", profile], stderr=subprocess.PIPE, encoding="utf-8"
        )
        self.socket = None
        for line in self.process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws:\S+)", line):
                self.socket = create_connection(f"{found[1]}/session", suppress_origin=True)
                break
        assert self.socket, "Firefox did not start"
        self.ask("session.new", capabilities={})
        # a separate tab receives the keys; the one that Firefox starts with does not
        self.context = self.ask("browsingContext.create", type="tab")["context"]

    def ask(self, method, **params):
        """Send a command, and return its result."""
        self.socket.send(json.dumps({"id": 1, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != 1:
            pass
        assert answer["type"] == "success", answer
        return answer["result"]

    def goto(self, url):
        self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, function, argument=None):
        """Call a JavaScript function, async or not; its argument and its result are JSON values."""
        call = f"Promise.resolve(({function})({json.dumps(argument)})).then(JSON.stringify)"
        target = {"context": self.context}
        found = self.ask("script.evaluate", expression=call, target=target, awaitPromise=True)
        assert found["type"] == "success", found
        return json.loads(found["result"].get("value", "null"))

    def press(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("input.performActions", context=self.context, actions=[keyboard])

    def close(self):
        self.ask("browser.close")
        self.socket.close()
        self.process.communicate(timeout=60)


@pytest.fixture(scope="session")
def firefox(tmp_path_factory):
    """A Firefox that is already on this machine, or its long-term edition."""
    found = next(filter(None, map(shutil.which, ["firefox", "firefox-esr"])), None)
    if not found:
        pytest.skip("there is no Firefox")
    firefox = Firefox(found, tmp_path_factory.mktemp("firefox"))
    yield firefox
    firefox.close()

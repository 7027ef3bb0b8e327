"""JupyterLab as the course opens it, in a fresh browser; and Notebook."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from urllib.request import urlopen

import nbformat
import pytest
from conftest import AXE, WCAG
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import TimeoutError as NotShownError

ASKED = """from softmax_lessons import before, check, explorers
verdict = check("stable_softmax", lambda x, dim: (x - x.max()).softmax(1))
verdict"""
SHOWN = (  # the HTML of each kind that lessons show, in the order of their cells
    ("[role='status'] code", ASKED),
    ("[role='group'] li", "before()"),
    ("softmax-explorer", "explorers.softmax_explorer([2.0, 1.0, 0.1])"),
)


@pytest.fixture
def address(tmp_path):
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    options = [f"--port={port}", "--no-browser", "--IdentityProvider.token=secret"]
    command = [sys.executable, "-m", "softmax_lessons", "--folder", tmp_path / "mine", "--"]
    # another home: in this user's own, an earlier answer to the question about news would count
    environment = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen([*command, *options], env=environment) as lab:
        try:
            for _ in range(900):
                try:
                    urlopen(f"http://localhost:{port}/api").close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield f"http://localhost:{port}/?token=secret"
        finally:
            lab.terminate()
            try:
                lab.wait(30)
            except subprocess.TimeoutExpired:  # a thread of the server may outlive its event loop
                lab.kill()


def test_a_first_start_shows_a_lesson_and_neither_asks_about_news_nor_fetches_it(browser, address):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.get_by_role("heading", name="0. Start here").wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    assert [url for url in asked if "/lab/api/news" in url or "/lab/api/update" in url] == []
    assert [
        url for url in asked if not url.startswith(("http://localhost:", "data:", "blob:"))
    ] == []
    assert page.get_by_text("official Jupyter news").count() == 0
    page.close()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("editor", ["lab/tree", "notebooks"])
def test_the_verdict_form_and_explorer_are_readable(browser, address, tmp_path, editor, theme):
    cells = [new_markdown_cell("# Look"), *(new_code_cell(code) for _, code in SHOWN)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), tmp_path / "mine" / "look.ipynb")
    settings = tmp_path / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}), "utf-8")
    # all of it fits: JupyterLab removes what isn't in view
    page = browser.new_page(viewport={"width": 1100, "height": 2800})
    page.set_default_timeout(120_000)
    page.goto(address.replace("/?", f"/{editor}/look.ipynb?"))
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    for _ in range(4):  # what is run before the kernel is connected may be lost
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        with suppress(NotShownError):
            page.locator(f".jp-OutputArea-output {SHOWN[0][0]}").first.wait_for(timeout=25_000)
            break
    for kind, _ in SHOWN:
        page.locator(f".jp-OutputArea-output {kind}").first.wait_for()
    assert page.evaluate("document.body.dataset.jpThemeLight") == str("Light" in theme).lower()
    if pictures := os.environ.get("PICTURES"):
        page.screenshot(path=f"{pictures}/{editor.replace('/', '_')}_{theme[-5:].strip()}.png")
    for kind, _ in SHOWN[:2]:  # on their own light background, whatever the theme
        colour = page.locator(f".jp-OutputArea-output {kind}").first.evaluate(
            "element => getComputedStyle(element).color"
        )
        assert colour == "rgb(26, 26, 26)", kind
    page.add_script_tag(path=AXE)
    look = "options => axe.run('.jp-OutputArea-output', options)"
    result = page.evaluate(look, {"runOnly": WCAG, "preload": False})
    assert "color-contrast" in [rule["id"] for rule in result["passes"]]
    found = result["violations"]
    assert [(v["id"], n["html"][:160]) for v in found for n in v["nodes"]] == []
    page.close()

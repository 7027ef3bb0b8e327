"""JupyterLab as the course opens it, in a browser that has never seen it."""

import os
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest


@pytest.fixture
def address(tmp_path):
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    options = [f"--port={port}", "--no-browser", "--IdentityProvider.token=secret"]
    command = [sys.executable, "-m", "softmax_lessons", "--folder", tmp_path / "mine", "--"]
    # another home: what this machine's user has answered to the question about news counts there
    environment = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen([*command, *options], env=environment) as lab:
        try:
            for _ in range(300):
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


def test_a_first_start_shows_a_lesson_and_neither_asks_about_news_nor_fetches_them(
    browser, address
):
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

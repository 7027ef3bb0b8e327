"""Fill a room with learners who all run a lesson at once, and print what that takes.

`python tools/classroom/load_test.py` starts its own hub; `--url` and `--password` test one
that runs, on this machine.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import requests
from websocket import create_connection

CONFIG = Path(__file__).with_name("jupyterhub_config.py")
LESSON = "05_subtract_the_maximum.ipynb"
CHECK = """
from softmax_lessons import check
def stable_softmax(scores, dim):
    powers = (scores - scores.amax(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True)
print(check("stable_softmax", stable_softmax))
"""


class Learner:
    """One learner, who logs in and works as a browser would."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.name, self._hub = name, f"{url}/hub"
        self._server, self._session = f"{url}/user/{name}", requests.Session()
        self._session.get(f"{self._hub}/login", timeout=60)
        form = {"username": name, "password": password, "_xsrf": self._session.cookies["_xsrf"]}
        page = self._session.post(f"{self._hub}/login", form, params={"next": "/hub/home"})
        if not page.ok:
            raise PermissionError(f"{name} can't log in: {page.status_code} {page.reason}")
        cookies = {cookie.name: cookie.value for cookie in self._session.cookies}
        made = self._session.post(
            f"{self._hub}/api/users/{name}/tokens",
            headers={"X-XSRFToken": cookies["_xsrf"], "Referer": f"{self._hub}/token"},
        )
        made.raise_for_status()
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"token {made.json()['token']}"

    def start(self) -> float:
        """Start the learner's server; return how many seconds it took."""
        started = time.monotonic()
        self._ask("POST", f"{self._hub}/api/users/{self.name}/server")
        while (servers := self._servers()) and not servers[""]["ready"]:
            time.sleep(0.2)
        if not servers:
            raise RuntimeError(f"the server of {self.name} did not start; see the hub's log")
        return time.monotonic() - started

    def stop(self) -> None:
        """Stop the learner's server, and wait until it has ended."""
        self._ask("DELETE", f"{self._hub}/api/users/{self.name}/server")
        while self._servers():
            time.sleep(0.2)

    def files(self) -> list[str]:
        """Return what JupyterLab lists."""
        entries = self._ask("GET", f"{self._server}/api/contents").json()["content"]
        return sorted(entry["name"] for entry in entries)

    def read(self, name: str) -> dict:
        """Return a notebook."""
        return self._ask("GET", f"{self._server}/api/contents/{name}").json()["content"]

    def save(self, name: str, notebook: dict) -> None:
        """Save a notebook."""
        body = {"type": "notebook", "content": notebook}
        self._ask("PUT", f"{self._server}/api/contents/{name}", json=body)

    def run(self, cells: list[str]) -> tuple[float, str]:
        """Run cells in a new kernel; return how many seconds it took, and what was printed."""
        started = time.monotonic()
        kernel = self._ask("POST", f"{self._server}/api/kernels", json={}).json()["id"]
        socket = create_connection(
            f"{self._server.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels",
            header=[f"Authorization: {self._session.headers['Authorization']}"],
            timeout=300,
        )
        printed = "".join(self._run_cell(socket, cell) for cell in cells)
        socket.close()
        return time.monotonic() - started, printed

    def _run_cell(self, socket, cell: str) -> str:
        request, printed = uuid.uuid4().hex, ""
        header = {"msg_id": request, "msg_type": "execute_request", "session": self.name}
        content = {"code": cell, "silent": False, "stop_on_error": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        socket.send(json.dumps({**message, "channel": "shell"}))
        while True:
            answer = json.loads(socket.recv())
            if answer["parent_header"].get("msg_id") != request:
                continue
            content = answer["content"]
            printed += content.get("text", "") or content.get("data", {}).get("text/plain", "")
            if answer["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed

    def _servers(self) -> dict[str, dict]:
        """Return the servers that run, start or stop; the only one has no name."""
        return self._ask("GET", f"{self._hub}/api/users/{self.name}").json()["servers"]

    def _ask(self, method: str, url: str, **options) -> requests.Response:
        response = self._session.request(method, url, timeout=300, **options)
        response.raise_for_status()
        return response


@contextmanager
def hub(folder: Path, port: int, password: str) -> Iterator[str]:
    """Run a hub from the real configuration; yield its address."""
    url = f"http://127.0.0.1:{port}"
    if _answers(url):
        raise RuntimeError(f"port {port} is taken")
    settings = {"FOLDER": str(folder), "PORT": str(port), "PASSWORD": password}
    command = [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG)]
    if os.geteuid() == 0:  # in a container: not root in the hub's eyes, see README.md
        command = ["unshare", "--user", "--map-user=1000", *command]
    with open(folder / "hub.log", "ab") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **{f"CLASSROOM_{name}": text for name, text in settings.items()}},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _answers(f"{url}/hub/health"):
            if process.poll() is not None:
                raise RuntimeError((folder / "hub.log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(120)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def cost(name: str) -> tuple[float, float]:
    """Return memory in MB and seconds of CPU of a learner's processes.

    Memory that several processes share (libraries) is split among them, so sums are right.
    """
    memory = cpu = 0.0
    for process in psutil.process_iter():
        try:
            if process.environ().get("JUPYTERHUB_USER") == name:
                memory += process.memory_full_info().pss / 2**20
                cpu += sum(process.cpu_times()[:4])  # with children that have ended
        except psutil.Error:
            continue  # ended while we looked
    return memory, cpu


def cost_of_hub(url: str) -> float:
    """Return the memory of the hub and its proxy in MB."""
    port = int(url.rsplit(":", 1)[1])
    listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    owners = {c.pid for c in listening if c.pid and c.laddr.port in (port, port + 1)}
    return sum(psutil.Process(pid).memory_full_info().pss for pid in owners) / 2**20


def measure(url: str, password: str, names: list[str]) -> dict[str, float]:
    """Let learners start, run the lesson and check an answer, all at once."""
    everyone = [Learner(url, name, password) for name in names]
    with ThreadPoolExecutor(len(everyone)) as pool:
        started = time.monotonic()
        list(pool.map(Learner.start, everyone))
        start = time.monotonic() - started
        idle = [cost(name) for name in names]
        lesson = everyone[0].read(LESSON)["cells"]
        cells = [cell["source"] for cell in lesson if cell["cell_type"] == "code"]
        runs = list(pool.map(lambda learner: learner.run([*cells, CHECK]), everyone))
    for name, (_, printed) in zip(names, runs, strict=True):
        assert "stable_softmax: correct" in printed, f"{name}: {printed[-500:]}"
    busy = [cost(name) for name in names]
    shares = len(names)
    result = {
        "All have JupyterLab after (s)": start,
        "The lesson takes the slowest of them (s)": max(seconds for seconds, _ in runs),
        "CPU to start, a learner (s)": sum(cpu for _, cpu in idle) / shares,
        "CPU for the lesson, a learner (s)": sum(cpu for _, cpu in busy) / shares,
        "Memory of JupyterLab, a learner (MB)": sum(memory for memory, _ in idle) / shares,
        "Memory with the lesson, a learner (MB)": sum(memory for memory, _ in busy) / shares,
        "Memory of the hub (MB)": cost_of_hub(url),
    }
    result["CPU for the lesson, a learner (s)"] -= result["CPU to start, a learner (s)"]
    for learner in everyone:
        learner.stop()
    return result


def main() -> None:
    """Run the test and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--url", help="of a hub that runs on this machine")
    parser.add_argument("--password", default="load-test", help="of its room")
    options = parser.parse_args()
    names = [f"load-test-{number}" for number in range(1, options.learners + 1)]
    with TemporaryDirectory() as folder:
        room = nullcontext(options.url) if options.url else hub(Path(folder), 8500, "load-test")
        with room as url:
            alone = measure(url, options.password, names[:1])
            together = measure(url, options.password, names)
    print(f"{'':42}{'1':>8}{len(names):>8}   learners at once")
    for what, value in alone.items():
        print(f"{what:42}{value:8.1f}{together[what]:8.1f}")


if __name__ == "__main__":
    main()

"""A JupyterHub for one room: JupyterLab and a copy of the lessons for each learner.

`jupyterhub --config tools/classroom/jupyterhub_config.py` reads this; README.md lists its settings.
"""

import grp
import os
import secrets
import socket
import sys
from pathlib import Path

import psutil

c = get_config()  # noqa: F821 (JupyterHub puts it here)

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("CLASSROOM_FOLDER") or "~/softmax_classroom").expanduser().absolute()
PORT = int(os.environ.get("CLASSROOM_PORT") or 8000)
MEMORY = os.environ.get("CLASSROOM_MEMORY") or "2"  # GB for each process of a learner

# The copy is made as the learner, in the learner's home, and then the server takes over.
START = """
ulimit -d $((CLASSROOM_MEMORY * 1024 * 1024)) &&
"$0" -m softmax_lessons --copy-only --folder "$HOME/my_lessons" &&
exec "$0" -m jupyterhub.singleuser "$@"
"""


def secret(name: str, characters: int) -> str:
    """Return CLASSROOM_<name> if it is set; otherwise one made at the first start, and kept."""
    if given := os.environ.get(f"CLASSROOM_{name}"):
        if not given.isascii():
            raise ValueError(f"CLASSROOM_{name} may have English letters, digits and signs only")
        return given
    file = FOLDER / f"{name.lower()}.txt"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(characters // 2), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def addresses() -> list[str]:
    """Return this machine's addresses that others in the room can try."""
    found = [entry for entries in psutil.net_if_addrs().values() for entry in entries]
    hosts = [entry.address for entry in found if entry.family == socket.AF_INET]
    return [f"http://{host}:{PORT}" for host in hosts if not host.startswith("127.")]


FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
c.JupyterHub.bind_url = f"http://0.0.0.0:{PORT}"
c.JupyterHub.hub_port = PORT + 1  # this and the next are for this machine only
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.ConfigurableHTTPProxy.command = str(HERE / "node_modules/.bin/configurable-http-proxy")
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.pid_file = str(FOLDER / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{FOLDER / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(FOLDER / "cookie_secret")
c.JupyterHub.log_level = "WARN"

c.Spawner.cmd = ["/bin/sh", "-c", START, sys.executable]
c.Spawner.notebook_dir = "~/my_lessons"
c.Spawner.default_url = "/lab/tree/00_start_here.ipynb"
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",  # each learner's threads would only wait for the others'
    "CLASSROOM_MEMORY": MEMORY,
}
c.Spawner.args = [
    "--log-level=WARN",
    "--MappingKernelManager.cull_idle_timeout=1800",  # of lessons that were closed
    "--ServerApp.shutdown_no_activity_timeout=7200",
]
c.Spawner.http_timeout = 300  # a whole room that starts at once, on a small machine

if os.geteuid() == 0:
    # Each learner has an account of this machine, and its password.
    learners, teachers = "learners", "teachers"
    if missing := {learners, teachers} - {group.gr_name for group in grp.getgrall()}:
        sys.exit(
            f"Started by root, the hub lets in the accounts of this machine that are in the groups "
            f"{learners} and {teachers}; there is no {' and no '.join(sorted(missing))}. "
            "Make them (docs/run_for_a_room.md says how), or start the hub as an ordinary user."
        )
    c.JupyterHub.authenticator_class = "pam"
    c.PAMAuthenticator.allowed_groups = {learners, teachers}
    c.PAMAuthenticator.admin_groups = {teachers}
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
    login = "Log in with your account of this machine."
    passwords = "Learners log in with their accounts of this machine (group learners)."
else:
    # All servers run as the user who starts the hub: for learners who trust each other.
    c.JupyterHub.authenticator_class = "shared-password"
    c.Authenticator.allow_all = True
    c.Authenticator.admin_users = {"teacher"}
    c.Authenticator.username_pattern = r"[a-z][a-z0-9_-]{0,31}\Z"  # is the name of a folder
    c.SharedPasswordAuthenticator.user_password = secret("PASSWORD", 8)
    c.SharedPasswordAuthenticator.admin_password = secret("ADMIN_PASSWORD", 32)
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(FOLDER / "learners" / "{username}")
    login = "Choose a name (letters a to z and digits), and type the password of the room."
    passwords = (
        f"The password of the room is {c.SharedPasswordAuthenticator.user_password}\n"
        f"To be the teacher: name teacher, password in {FOLDER / 'admin_password.txt'}"
    )

c.JupyterHub.template_vars = {"announcement_login": login}
print(f"Learners open {' or '.join(addresses()) or f'http://localhost:{PORT}'}\n{passwords}\n")

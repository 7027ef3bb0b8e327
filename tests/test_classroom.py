"""The hub's settings: what learners get, who gets in, and that both kinds of hub agree."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from softmax_lessons.workspace import lessons

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hub is for Linux")

ROOT = Path(__file__).parents[1]
CLASSROOM = ROOT / "tools" / "classroom"
CONFIG = CLASSROOM / "jupyterhub_config.py"
PAGE = (ROOT / "docs" / "run_for_a_room.md").read_text(encoding="utf-8")
CHART = yaml.safe_load((CLASSROOM / "zero-to-jupyterhub.yaml").read_text("utf-8"))


@pytest.fixture
def configured(tmp_path, monkeypatch, capsys):
    """A function that reads the settings as a user other than root."""
    loader = pytest.importorskip("traitlets.config").PyFileConfigLoader
    monkeypatch.setenv("CLASSROOM_FOLDER", str(tmp_path / "room"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def load(**settings):
        for name, text in settings.items():
            monkeypatch.setenv(f"CLASSROOM_{name}", text)
        return loader(str(CONFIG)).load_config(), capsys.readouterr().out

    return load


def test_a_password_is_made_once_printed_and_kept_private(configured, tmp_path):
    config, printed = configured()
    passwords = config.SharedPasswordAuthenticator
    assert len(passwords.user_password) == 8
    assert len(passwords.admin_password) == 32
    assert f"password of the room is {passwords.user_password}\n" in printed
    assert passwords.admin_password not in printed
    again, _ = configured()
    assert again.SharedPasswordAuthenticator == passwords
    assert (tmp_path / "room").stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "room").iterdir())


def test_a_given_password_is_used_and_never_written_to_disk(configured, tmp_path):
    config, printed = configured(PASSWORD="of-this-room", ADMIN_PASSWORD="t" * 32)
    assert config.SharedPasswordAuthenticator.user_password == "of-this-room"
    assert config.SharedPasswordAuthenticator.admin_password == "t" * 32
    assert "of-this-room" in printed
    assert not list((tmp_path / "room").iterdir())
    with pytest.raises(ValueError, match="CLASSROOM_PASSWORD may have"):
        configured(PASSWORD="pässword")


def test_root_is_told_which_groups_are_missing(configured, monkeypatch):
    grp = pytest.importorskip("grp")

    def groups(*names):
        found = [grp.struct_group((name, "x", 1, [])) for name in names]
        monkeypatch.setattr(grp, "getgrall", lambda: found)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    groups("root", "learners")
    with pytest.raises(SystemExit, match=r"there is no teachers\. Make them"):
        configured()
    groups("learners", "teachers")
    config, printed = configured()
    assert config.PAMAuthenticator.allowed_groups == {"learners", "teachers"}
    assert "accounts of this machine" in printed


@pytest.mark.parametrize("name", ["ada", "grace-hopper", "a1_b"])
def test_a_plain_name_is_accepted(configured, name):
    assert re.match(configured()[0].Authenticator.username_pattern, name)


@pytest.mark.parametrize("name", ["..", ".ssh", "a/b", "a b", "a\n", "", "a" * 33])
def test_a_name_that_is_not_a_safe_folder_name_is_rejected(configured, name):
    assert not re.match(configured()[0].Authenticator.username_pattern, name)


def test_only_the_proxy_is_reachable_from_the_room(configured):
    config, _ = configured(PORT="9000")
    assert config.JupyterHub.bind_url == "http://0.0.0.0:9000"
    assert config.JupyterHub.hub_port == 9001
    assert "hub_ip" not in config.JupyterHub
    assert config.ConfigurableHTTPProxy.api_url == "http://127.0.0.1:9002"


def test_the_start_command_copies_the_lessons_and_then_becomes_the_server(configured, tmp_path):
    command = configured()[0].Spawner.cmd
    fake = tmp_path / "python"  # says what it was asked to run, and under which limit
    fake.write_text("#!/bin/sh\necho $(ulimit -d) $*\n", encoding="utf-8")
    fake.chmod(0o755)
    run = subprocess.run(
        [*command[:-1], str(fake), "--option"],
        env={"HOME": "/home/ada", "CLASSROOM_MEMORY": "2"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    kilobytes = 2 * 1024 * 1024
    assert run.stdout.splitlines() == [
        f"{kilobytes} -m softmax_lessons --copy-only --folder /home/ada/my_lessons",
        f"{kilobytes} -m jupyterhub.singleuser --option",
    ]
    assert command[-1] == sys.executable


def test_the_first_lesson_opens_by_default(configured):
    config, _ = configured()
    assert config.Spawner.default_url == f"/lab/tree/{lessons()[0].name}"
    assert CHART["singleuser"]["defaultUrl"] == config.Spawner.default_url


def test_the_chart_and_the_room_start_servers_the_same_way(configured):
    config, _ = configured()
    shell, chart = config.Spawner.cmd, CHART["singleuser"]["cmd"]
    assert chart[:2] == shell[:2]
    assert chart[2].strip() == shell[2].strip().split("&&\n", 1)[1]  # without the limit
    assert set(chart[4:]) <= set(config.Spawner.args)
    assert CHART["hub"]["config"]["KubeSpawner"]["notebook_dir"] == config.Spawner.notebook_dir
    assert CHART["singleuser"]["extraEnv"].items() <= config.Spawner.environment.items()
    hub = CHART["hub"]["config"]
    assert hub["JupyterHub"]["authenticator_class"] == config.JupyterHub.authenticator_class
    assert hub["Authenticator"]["username_pattern"] == config.Authenticator.username_pattern


def test_the_recommended_sizes_follow_from_the_measurements():
    fixed, each = map(float, re.search(r"\*\*([\d.]+) GB \+ ([\d.]+) GB per", PAGE).groups())
    lab, lesson = map(int, re.search(r"needs (\d+) MB .* and (\d+) MB for each", PAGE).groups())
    measured = {
        what: (int(alone), int(ten))
        for what, alone, ten in re.findall(r"\| memory (.*?) \| (\d+) MB \| (\d+) MB \|", PAGE)
    }
    assert lab == measured["of JupyterLab, per learner"][1]
    assert lab + lesson == measured["with the lesson, per learner"][1]
    assert lab + 2 * lesson <= each * 1000
    assert measured["of the hub and its proxy"][1] < fixed * 1000
    heads = [int(n) for n in re.search(r"\| (\d+) learners \| (\d+) \| (\d+) \|", PAGE).groups()]
    sizes = [int(n) for n in re.search(r"\| memory" + r" \| (\d+) GB" * 3, PAGE).groups()]
    for learners, size in zip(heads, sizes, strict=True):
        assert 0 <= size - (fixed + each * learners) < 1
    guarantee = CHART["singleuser"]["memory"]["guarantee"]
    assert int(guarantee.removesuffix("M")) >= each * 1000


def test_every_setting_exists_in_jupyterhub(configured):
    app = pytest.importorskip("jupyterhub.app")
    from jupyterhub.auth import PAMAuthenticator
    from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
    from jupyterhub.proxy import ConfigurableHTTPProxy
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    known = {
        base.__name__: base
        for each in (
            *(app.JupyterHub, ConfigurableHTTPProxy, SimpleLocalProcessSpawner),
            *(SharedPasswordAuthenticator, PAMAuthenticator),
        )
        for base in each.__mro__
    }
    config, _ = configured()
    for section, settings in [*config.items(), *CHART["hub"]["config"].items()]:
        if section != "KubeSpawner":
            assert set(settings) <= set(known[section].class_traits(config=True)), section
    SharedPasswordAuthenticator(config=config)  # checks the lengths of the passwords


def test_the_files_for_binder_are_where_it_looks():
    assert not [name for name in ("binder", ".binder") if (ROOT / name).exists()]
    assert os.access(ROOT / "postBuild", os.X_OK)
    assert "my_lessons/00_start_here.ipynb" in PAGE

"""A hub from the real configuration: who gets in, what is there, and what stays."""

import pytest

from softmax_lessons.workspace import lessons
from tools.classroom.load_test import CHECK, CONFIG, LESSON, Learner, hub

PASSWORD = "of-this-room"
LARGE = "import torch\ntry:\n    torch.ones(2**30)\nexcept RuntimeError:\n    print('too large')"

pytestmark = pytest.mark.skipif(
    not (CONFIG.parent / "node_modules").exists(), reason="npm install --prefix tools/classroom"
)


def test_a_learners_work_is_still_there_after_a_restart(tmp_path):
    """Everything that a learner does in a room, and the same after a restart of the hub."""
    with hub(tmp_path, 8600, PASSWORD) as url:
        ada = Learner(url, "ada", PASSWORD)
        ada.start()
        there = ada.files()
        assert [name for name in there if name.endswith(".ipynb")] == [
            lesson.name for lesson in lessons()
        ]
        assert "AGENTS.md" in there
        notebook = ada.read(LESSON)
        assert not any(cell.get("outputs") for cell in notebook["cells"])
        printed = ada.run([CHECK, LARGE])[1]
        assert "stable_softmax: correct" in printed
        assert "too large" in printed
        notebook["cells"][0]["source"] = "# Ada was here"
        ada.save(LESSON, notebook)
        for name, password in (("ada", "of-that-room"), ("a b", PASSWORD), ("teacher", PASSWORD)):
            with pytest.raises(PermissionError, match="403"):
                Learner(url, name, password)
    with hub(tmp_path, 8600, PASSWORD) as url:
        ada = Learner(url, "ada", PASSWORD)
        ada.start()
        assert ada.read(LESSON)["cells"][0]["source"] == "# Ada was here"
        assert ada.files() == there

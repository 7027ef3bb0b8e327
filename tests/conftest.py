"""Fixtures that several test modules use."""

import sys

import pytest

from softmax_lessons.checker import memory


@pytest.fixture(
    params=[
        pytest.param(
            "fork",
            marks=pytest.mark.skipif(
                not sys.platform.startswith("linux"), reason="no safe fork on this system"
            ),
        ),
        "worker",
    ]
)
def way(request):
    """Both ways to run an attempt."""
    return request.param


@pytest.fixture(autouse=True, scope="module")
def _ended_servers():
    """Close the processes that a module has left waiting for more answers to grade."""
    yield
    if server := sys.modules.get("softmax_lessons.grading.forkserver"):
        server.close()


@pytest.fixture(autouse=True)
def _first_hints():
    """No test depends on the hints that another one was given."""
    memory._elsewhere.hints.clear()

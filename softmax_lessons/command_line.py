"""What the commands share: how they read their options, and what they say if one is wrong."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

EXIT_CODES = "Exit codes: 0 done, 1 couldn't be done, 2 wrong options, 130 stopped."


class Parser(argparse.ArgumentParser):
    """Reads a command's options; an error is one line that says what to do."""

    def __init__(self, command: str, description: str, **options: object) -> None:
        super().__init__(
            prog=f"{called()} {command}".strip(),
            description=description,
            epilog=EXIT_CODES,
            allow_abbrev=False,
            **options,  # type: ignore[arg-type]
        )

    def error(self, message: str) -> NoReturn:
        """Stop with exit code 2."""
        end = "" if message.endswith("?") else "."
        self.exit(2, f"{self.prog}: {message}{end} For help: {self.prog} --help\n")


def called() -> str:
    """Return the name that started the program, for messages that say what to type."""
    script = Path(sys.argv[0]).stem == "softmax-lessons"
    return "softmax-lessons" if script else "python -m softmax_lessons"


def how_to_install(extra: str) -> str:
    """Return the command that adds an extra of pyproject.toml to this environment."""
    checkout = Path(__file__).parents[1]
    if (checkout / "pyproject.toml").is_file():
        return f'python -m pip install --editable "{checkout}[{extra}]"'
    return f'python -m pip install "softmax-lessons[{extra}]"'

"""What the documents tell a person to type, import or open is there."""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def blocks(document: Path, *languages: str) -> list[str]:
    """Return the code blocks of a document that are written in one of some languages."""
    found = BLOCK.findall(document.read_text("utf-8"))
    return [text for language, text in found if language in languages]


def commands(document: Path, program: str) -> list[list[str]]:
    """Return the arguments of each call of a program in a document's shell blocks."""
    text = "\n".join(blocks(document, "sh", "bash")).replace("\\\n", " ")
    lines = [shlex.split(line.removeprefix("$ "), comments=True) for line in text.splitlines()]
    return [words[1:] for words in lines if words and Path(words[0]).name == program]


@functools.cache
def help_of(*command: str) -> str:
    """Return what a command of outlast says of itself."""
    words = [Path(sys.executable).with_name("outlast"), *command, "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(words, capture_output=True, text=True, check=True, env=wide).stdout


@each_document
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for words in commands(document, "make"):
        named = {word for word in words if "=" not in word and not word.startswith("-")}
        assert named <= targets, f"make {' '.join(words)}"


@each_document
def test_scripts_exist(document: Path) -> None:
    for words in commands(document, "python"):
        if words and words[0].endswith(".py"):
            assert (ROOT / words[0]).is_file(), f"python {' '.join(words)}"


@each_document
def test_commands_and_their_options_exist(document: Path) -> None:
    for words in commands(document, "outlast"):
        name = [word for word in words[:1] if not word.startswith("-")]
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        known = set(re.findall(r"--[\w-]+", help_of(*name)))
        assert options <= known | {"--help"}, f"outlast {' '.join(words)}"


@each_document
def test_python_blocks_run(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in blocks(document, "python"):
        if ">>> " not in text:  # run as a doctest
            exec(compile(text, document.name, "exec"), {"__name__": "__main__"})


@each_document
def test_linked_files_exist(document: Path) -> None:
    for target in LINK.findall(document.read_text("utf-8")):
        assert (document.parent / target).exists(), target

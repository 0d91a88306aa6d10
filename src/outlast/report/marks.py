"""The mark in a report's folder: what it was made from, and the hash of all its files."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from outlast.store.files import write_atomic

MARK = ".fingerprint"
_PARTS = ("index.html", "report.md", "report.json", "figures/*.svg", "tables/*.csv")


def mark(folder: Path, fingerprint: str) -> None:
    """Write down what a finished report was made from."""
    write_atomic(folder / MARK, f"{fingerprint}\n{_content(folder)}\n".encode())


def made_from(folder: Path) -> str | None:
    """Return what a report was made from, None where a file is missing or not as it was written."""
    try:
        fingerprint, content, _ = (folder / MARK).read_text("utf-8").split("\n")
        return fingerprint if content == _content(folder) else None
    except (OSError, ValueError):
        return None


def _content(folder: Path) -> str:
    digest = sha256()
    for pattern in _PARTS:
        for path in sorted(folder.glob(pattern)):
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()

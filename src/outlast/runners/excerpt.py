"""What is kept of a text that may be endless: its head and its tail."""

from __future__ import annotations

SIZE = 2**20


class Excerpt:
    """Takes any number of bytes, holds a bounded number, and counts what it leaves out.

    Parameters
    ----------
    size : int, default 2**20
        Bytes that are kept: the first and the last halves of it.

    Examples
    --------
    >>> excerpt = Excerpt(size=8)
    >>> for _ in range(1000):
    ...     excerpt.add(b"abcdefghij")
    >>> print(excerpt.text())
    abcd
    [9,992 bytes left out]
    ghij
    """

    def __init__(self, size: int = SIZE) -> None:
        self._half = size // 2
        self._head, self._tail = bytearray(), bytearray()
        self._left_out = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        # Cut rarely: moving the tail for every line would cost more than the line.
        if len(self._tail) > 4 * self._half:
            self._cut()

    def text(self) -> str:
        """What is kept, as text; bytes that are none are replaced."""
        self._cut()
        gap = f"\n[{self._left_out:,} bytes left out]\n".encode() if self._left_out else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace")

    def _cut(self) -> None:
        if (extra := len(self._tail) - self._half) > 0:
            del self._tail[:extra]
            self._left_out += extra

"""Where the numbers of a sentence come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def untraced(sentence: str, known: Iterable[Any]) -> list[str]:
    """Return the numbers of a sentence that no known value shows, however it is rounded.

    Text among the known values may contain the number; a percentage may be told.
    """
    known = list(known)
    values = [float(v) for v in known if isinstance(v, int | float) and not isinstance(v, bool)]
    words = " ".join(v for v in known if isinstance(v, str))
    shown = {f"{sign * value * scale:.{digits}{kind}}" for value in values for sign in (1, -1)
             for scale in (1, 100) for digits in range(6) for kind in "fge"
             if (kind, digits) != ("g", 0)}
    # Names are no numbers, nor is the level of an interval.
    text = re.sub(r"`[^`]*`|95 % CI|at 95 %", "", sentence)
    found = re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)
    return [number for number in found if number not in shown and number not in words]

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from outlast.runners.guard import end_marked


@pytest.fixture
def mark() -> Iterator[str]:
    """What every process of the test's own caller carries."""
    mark = f"{secrets.token_hex(8)}/"
    yield mark
    end_marked(mark)

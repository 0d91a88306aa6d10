"""The weekly oracles need packages of their own: only `make oracles` asks for their folder."""

from __future__ import annotations

collect_ignore = ["weekly"]

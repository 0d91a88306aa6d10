"""YAML files, read so that nothing in them silently means something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from outlast.errors import InputError

_MAX_BYTES = 1_000_000
# As YAML 1.1 has them, without those of base 8 and 60.
_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0|[1-9][0-9_]*)$|0x[0-9a-fA-F]+$"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+][0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"),
}


def load_yaml(path: str | Path, what: str = "configuration") -> dict[str, Any]:
    """Read a YAML file strictly: no aliases, no repeated keys, a mapping at the top.

    Parameters
    ----------
    path : str or pathlib.Path
    what : str, default "configuration"
        What the file holds, for messages.

    Raises
    ------
    InputError
        For a missing, oversized or malformed file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no {what} file at {str(path)!r}")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{str(path)!r} is larger than 1 MB, which no {what} is")
    try:
        # A byte order mark, as some editors write it, is no part of the text.
        loaded = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_StrictLoader)
    except RecursionError as error:
        raise InputError(f"cannot read {str(path)!r}: it is nested deeper than any {what} "
                         "is") from error
    # Numbers and dates that cannot be, such as 2024-99-99, are a ValueError.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error
    if not isinstance(loaded or {}, dict):
        raise InputError(f"{str(path)!r} must hold keys and values, got {type(loaded).__name__}")
    return loaded or {}


def line_of(path: str | Path, keys: Sequence[str | int]) -> int | None:
    r"""Return the line of an entry, or of the nearest entry around it; None if it is not there.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that `load_yaml` has read.
    keys : sequence of str or int
        Keys of mappings and positions in lists, from the top.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "outlast.yaml")
    ...     _ = path.write_text("seed: 1\ndata:\n  time: day\n")
    ...     line_of(path, ["data", "time"]), line_of(path, ["models"])
    (3, None)
    """
    node: Any = yaml.compose(Path(path).read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    line = None
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line + 1
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next((pair for pair in pairs if pair[0].value == str(key)), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


class _StrictLoader(yaml.SafeLoader):
    """Refuses what silently means something else: aliases and repeated keys.

    12:30:45 is no number of seconds here, 010 is ten and not eight, and a key such as ``on`` is
    that word.
    """

    def construct_scalar(self, node: Any) -> Any:
        text = super().construct_scalar(node)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: half of a character, which no "
                                 "file can hold")
        return text

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {mark.line + 1}: aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:bool":
                key.tag = "tag:yaml.org,2002:str"
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        line = node.start_mark.line + 1
        if odd := next((key for key in keys if not isinstance(key, Hashable)), None):
            raise yaml.YAMLError(f"line {line}: {odd!r} is no key; a key is a word or a number")
        repeated = [str(key) for key, times in Counter(keys).items() if times > 1]
        if repeated:
            last = max(i for i, key in enumerate(keys) if keys.index(key) < i)
            line = node.value[last][0].start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: repeated key(s) {', '.join(sorted(repeated))}")
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in known]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()}

"""Whether a LightGBM text file is one that its parser, which checks nothing, can be given."""

from __future__ import annotations

import re
from collections.abc import Iterator

_INTEGERS = re.compile(r"-?\d{1,9}( -?\d{1,9})*")
# So many values each: of inner nodes, and of leaves. LightGBM needs the first five.
_NODES = ("split_feature", "left_child", "right_child", "threshold", "decision_type", "split_gain",
          "internal_value", "internal_weight", "internal_count")
_LEAVES = ("leaf_weight", "leaf_count")
_PARAMETERS = re.compile(r"\nparameters:\n(\[\w+: [^\n]*\]\n)+\nend of parameters\n")
_CATEGORICAL = 1


def check_text(text: str, n_columns: int) -> None:
    r"""Raise unless every tree refers to columns, nodes and leaves that are there.

    Parameters
    ----------
    text : str
        A model file.
    n_columns : int
        How many columns the model is given.

    Raises
    ------
    ValueError
        Saying what is wrong. The parser of the library would crash, or read foreign memory.

    Examples
    --------
    >>> check_text("tree\n\nend of trees\n", 3)
    Traceback (most recent call last):
    ValueError: it is cut short, or is of another number of columns than 3
    """
    body, end, rest = text.partition("\nend of trees\n")
    head, *trees = re.split(r"\n(?=Tree=\d+\n)", body)
    header = _fields(head)
    whole = end and _PARAMETERS.search(rest)
    if not whole or _whole(header, "max_feature_idx", "the header") != n_columns - 1:
        raise ValueError(f"it is cut short, or is of another number of columns than {n_columns}")
    sizes = _whole_numbers(header, "tree_sizes", len(trees), "the header")
    # Each tree is found by the sizes of those before it.
    if any(size != len(f"{tree}\n".encode()) for size, tree in zip(sizes, trees, strict=True)):
        raise ValueError("tree_sizes are not the sizes of the trees")
    if len(header.get("feature_names", "").split(" ")) != n_columns:
        raise ValueError("feature_names are not as many as the columns")
    for tree in trees:
        _check_tree(tree, n_columns)


def _check_tree(tree: str, n_columns: int) -> None:
    name, _, rest = tree.partition("\n")
    fields = _fields(rest)
    n_leaves = _whole(fields, "num_leaves", name)
    if n_leaves < 1:
        raise ValueError(f"{name} has {n_leaves} leaves")
    _check_numbers(fields, "leaf_value", n_leaves, name)
    if fields.get("is_linear", "0") != "0":
        _check_linear(fields, n_leaves, n_columns, name)
    if n_leaves == 1:  # all that is written of a tree without splits
        return
    for key, n in (*((key, n_leaves - 1) for key in _NODES), *((key, n_leaves) for key in _LEAVES)):
        if key in fields:
            _check_numbers(fields, key, n, name)
    split = _whole_numbers(fields, "split_feature", n_leaves - 1, name)
    if not all(0 <= column < n_columns for column in split):
        raise ValueError(f"{name} splits on a column that is not there")
    seen = [child for side in ("left_child", "right_child")
            for at, child in enumerate(_whole_numbers(fields, side, n_leaves - 1, name))
            if _is_child(child, at, n_leaves)]
    if len(seen) != 2 * (n_leaves - 1) or len(set(seen)) != len(seen):
        raise ValueError(f"{name} leads to a node or leaf that is not there, or to one twice")
    _check_categories(fields, n_leaves, name)


def _is_child(child: int, parent: int, n_leaves: int) -> bool:
    """Leaves are counted below zero; an inner node comes after the one that leads to it."""
    return parent < child < n_leaves - 1 if child >= 0 else ~child < n_leaves


def _check_linear(fields: dict[str, str], n_leaves: int, n_columns: int, name: str) -> None:
    """Each leaf adds up so many columns, with as many coefficients."""
    n = sum(_at_least_zero(fields, "num_features", n_leaves, name))
    _check_numbers(fields, "leaf_const", n_leaves, name)
    _check_numbers(fields, "leaf_coeff", n, name)
    # The columns of one leaf are set apart from those of the next by a further space.
    spaced = {"leaf_features": " ".join(fields.get("leaf_features", "").split())}
    if n and max(_at_least_zero(spaced, "leaf_features", n, name)) >= n_columns:
        raise ValueError(f"{name} adds up a column that is not there")


def _check_categories(fields: dict[str, str], n_leaves: int, name: str) -> None:
    kinds = _whole_numbers(fields, "decision_type", n_leaves - 1, name)
    n_sets = _whole(fields, "num_cat", name)
    asked = [text for text, kind in zip(fields.get("threshold", "").split(), kinds, strict=True)
             if kind & _CATEGORICAL]
    if n_sets < 0 or not all(re.fullmatch(r"\d{1,9}", at) and int(at) < n_sets for at in asked):
        raise ValueError(f"{name} asks for a set of categories that is not there")
    if n_sets:
        bounds = _whole_numbers(fields, "cat_boundaries", n_sets + 1, name)
        if bounds != sorted(bounds) or bounds[0] != 0:
            raise ValueError(f"{name} has sets of categories without order")
        _check_numbers(fields, "cat_threshold", bounds[-1], name)


def _fields(text: str) -> dict[str, str]:
    pairs = list(_pairs(text))
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a field is there twice")
    return dict(pairs)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        key, found, value = line.partition("=")
        if found:
            yield key, value


def _check_numbers(fields: dict[str, str], key: str, n: int, where: str) -> None:
    if len(fields.get(key, "").split()) != n:
        raise ValueError(f"{where} has not {n} values of {key}")


def _at_least_zero(fields: dict[str, str], key: str, n: int, where: str) -> list[int]:
    found = _whole_numbers(fields, key, n, where)
    if min(found) < 0:
        raise ValueError(f"{where} has numbers below zero in {key}")
    return found


def _whole_numbers(fields: dict[str, str], key: str, n: int, where: str) -> list[int]:
    text = fields.get(key, "")
    found = [int(part) for part in text.split(" ")] if _INTEGERS.fullmatch(text) else []
    if len(found) != n:
        raise ValueError(f"{where} has not {n} whole numbers {key}")
    return found


def _whole(fields: dict[str, str], key: str, where: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", fields.get(key, "")):
        raise ValueError(f"{where} has no whole number {key}")
    return int(fields[key])

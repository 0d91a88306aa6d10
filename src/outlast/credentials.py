"""Passwords, keys and tokens: a setting that holds one is refused, a text is kept without it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from outlast.errors import InputError

HIDDEN = "***"
_NAMES = (r"password|passwd|passphrase|pwd|api[_-]?key|access[_-]?key|account[_-]?key|"
          r"private[_-]?key|secret|credential|auth[_-]?token|access[_-]?token|session[_-]?token|"
          r"security[_-]?token|signature")
# Basic Materials and BASIC/ENERGY are words; tokens have digits, or capitals in the middle.
_WORDS = r"(?-i:(?:[A-Z]?[a-z]++|[A-Z]++|[./~+-]++)++)(?![\w.~+/=-])"
# What is a credential wherever it stands; each pattern hides its last group. Every repetition has
# an end, or begins where nothing alike precedes it: texts may be long, and are to take no longer.
_SURE = tuple(map(re.compile, (
    r"(?i)(https?://)([^\s/@'\"]{1,1000})(?=@)",
    # Elsewhere a name alone is a user, or a container of Azure.
    r"((?<![\w+.-])\w[\w+.-]{0,40}://)([^\s/@'\":]{0,1000}:[^\s/@'\"]{1,1000})(?=@)",
    rf"(?i)([?&;](?:[\w.-]{{0,40}}(?:{_NAMES}|token)[\w.-]{{0,40}}|sig|key)=)([^\s&'\"]+)",
    r"(?i)(\bauthorization['\"]?\s{0,9}[:=]\s{0,9}['\"]?\w{1,40}\s+)([\w.~+/-]{8,}=*)",
    rf"(?i)(\b(?:bearer|basic)\s+)(?!{_WORDS})([\w.~+/-]{{8,}}=*)",
    r"((?<![\w-]))((?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|"
    # sk-learn-runs-2024 is a folder.
    r"sk-(?=[\w-]*\d)(?=[^\W_]{20}|[\w-]*[A-Z])[\w-]{20,}|"
    r"eyJ[\w-]{10,2000}\.[\w.-]{10,})",
)))
# In a sentence, a traceback or a command line also whatever such a name is said to be.
# After a name in quotes that is a text in quotes or a number, as in unknown column 'secret': words.
_SAID = re.compile(
    rf"(?i)(\b\w{{0,40}}(?:{_NAMES})\w{{0,40}}"
    r"(?:\s{0,9}[:=]\s{0,9}['\"]?|['\"]\s{0,9}[:=]\s{0,9}(?:['\"]|(?=\d))))"
    r"([^\s'\",;&)}\]]+)")
_OF_ENVIRONMENT = re.compile(rf"(?i){_NAMES}|token")
# A variable that tells what a secret is called or where it lies; how many tokens there may be.
_NO_SECRET = re.compile(r"(?i).*_(names?|type|file|path|dir|folder)|"
                        r"(.*_)?(max|min|num)_(.*_)?tokens|tokenizers?_.*")
_OF_PARAMETER = re.compile(rf"(?i)\w*({_NAMES})|token")
# Where a process works is known to all; and so a setting may name a file below it.
_FOLDERS = frozenset({"PWD", "OLDPWD"})
_LEAST_LENGTH = 8


def hidden(text: str) -> str:
    """Return a text with ``***`` in the place of every password, key and token.

    Found by how they are written, and by the values of environment variables whose names say
    that they are secret; the path of a file that exists is none.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> hidden("cannot reach postgresql://u:sekret@h/db?password=two&x=1")
    'cannot reach postgresql://***@h/db?password=***&x=1'
    >>> hidden("AWS_SECRET_ACCESS_KEY=abc"), hidden("Authorization: Bearer 0123456789")
    ('AWS_SECRET_ACCESS_KEY=***', 'Authorization: Bearer ***')
    """
    return _SAID.sub(rf"\1{HIDDEN}", _without_sure(text))


def hidden_in(value: Any) -> Any:
    """Return a JSON value with all its texts `hidden`.

    Examples
    --------
    >>> hidden_in({"command": ["s3://key:secret@bucket", 1]})
    {'command': ['s3://***@bucket', 1]}
    """
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, Mapping):
        return {key: hidden_in(item) for key, item in value.items()}
    return [hidden_in(item) for item in value] if isinstance(value, (list, tuple)) else value


def refuse_credentials(value: Any, where: str, by_name: bool = False) -> None:
    """Raise if a setting holds a password, a key or a token, which is not shown.

    Parameters
    ----------
    value : object
        Texts in mappings and lists are looked at, other objects are not.
    where : str
        What the value is, for messages.
    by_name : bool, default False
        Refuse whatever stands under a name such as ``password``, too.

    Raises
    ------
    InputError
        Settings are written into the results, and into every report of them.

    Examples
    --------
    >>> refuse_credentials({"source": "s3://bucket/sales.parquet"}, "data")
    >>> refuse_credentials({"password": "sekret"}, "Client", by_name=True)
    Traceback (most recent call last):
    outlast.errors.InputError: Client.password holds a password, a key or a token; \
settings are written into the results, so give credentials in the environment instead, as \
AWS_SECRET_ACCESS_KEY or the library's own variables
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            below = f"{where}.{key}" if where else str(key)
            if by_name and isinstance(item, str) and item and _OF_PARAMETER.fullmatch(str(key)):
                raise _refused(below)
            refuse_credentials(item, below, by_name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            refuse_credentials(item, where, by_name)
    elif isinstance(value, str) and _without_sure(value) != value:
        raise _refused(where, [name for name, _ in _secrets_in(value)])


def _refused(where: str, variables: Sequence[str] = ()) -> InputError:
    told = (f" (the value of {', '.join(variables)} in the environment; call that otherwise if it "
            "is no secret)") * bool(variables)
    return InputError(f"{where} holds a password, a key or a token{told}; settings are written "
                      "into the results, so give credentials in the environment instead, as "
                      "AWS_SECRET_ACCESS_KEY or the library's own variables")


def _without_sure(text: str) -> str:
    for pattern in _SURE:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    for _, value in _secrets_in(text):
        text = text.replace(value, HIDDEN)
    return text


def _secrets_in(text: str) -> list[tuple[str, str]]:
    """The secrets of the environment that stand in a text, with the names of their variables."""
    return [(name, value) for name, value in os.environ.items()
            if value in text and _is_secret(name, value)]


def _is_secret(name: str, value: str) -> bool:
    """Whether a variable of the environment holds a secret, rather than tells where one is."""
    # `Path.exists` raises for what is too long to be a path.
    return (len(value) >= _LEAST_LENGTH and name not in _FOLDERS
            and _OF_ENVIRONMENT.search(name) is not None and not _NO_SECRET.fullmatch(name)
            and not os.path.exists(value))  # noqa: PTH110

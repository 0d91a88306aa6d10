"""Python objects as JSON: by class, parameters and source, without pickle.

An estimator, a function or a splitter that a person hands over becomes a description that any
process can make it again from, and that hashes the same whenever it is the same.
"""

from __future__ import annotations

import importlib
import inspect
import math
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from outlast.errors import InputError, import_advice
from outlast.records import content_hash

_LIBRARIES = tuple(str(Path(sysconfig.get_path(kind)).resolve())
                   for kind in ("stdlib", "purelib", "platlib"))

_LONGEST_ITEM = 40_000  # bytes
_DISPATCHED = type(np.nan_to_num)  # most functions of numpy are objects of a class of its own

# Classes and functions that no import finds: those of a notebook, a script or a function.
_HERE: dict[str, Any] = {}


def reference(thing: Any) -> str:
    """Return how a class or function is found again: ``module:name``.

    Parameters
    ----------
    thing : type or function
        One that no import finds is remembered, for this process alone.

    Returns
    -------
    str

    Examples
    --------
    >>> from pathlib import Path
    >>> reference(Path)
    'pathlib:Path'
    """
    path = f"{_public(thing)}:{thing.__qualname__}"
    return path if _finds(path, thing) else remember(path, thing)


def remember(path: str, thing: Any) -> str:
    """Let this process alone find a class or function under a name, which is returned."""
    _HERE[path] = thing
    return path


def resolve(path: str) -> Any:
    """Return the class or function that a reference names.

    Parameters
    ----------
    path : str
        As ``my_project.models:Careful``; a dot in place of the colon is understood too.

    Returns
    -------
    type or function

    Raises
    ------
    InputError
        If there is no such module or name.

    Examples
    --------
    >>> resolve("math:floor")(1.5)
    1
    """
    if not isinstance(path, str):
        raise InputError(f"a class or function is named by a text, got {path!r}")
    if path in _HERE:
        return _HERE[path]
    module, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    # A TypeError: a path that begins with a dot.
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{path!r} cannot be found ({error}); define it in a module that can be "
                         "imported, and give its path as my_project.models:Careful"
                         f"{import_advice(module)}") from error
    return found


def is_importable(path: str) -> bool:
    """Tell whether another process finds what a reference names.

    Examples
    --------
    >>> is_importable(reference(Path)), is_importable(reference(lambda y, p: 0.0))
    (True, False)
    """
    return path not in _HERE and not path.startswith("__main__")


def source_of(thing: Any) -> tuple[str, str]:
    """Return whose code a class or function is, and a text that changes with that code.

    Parameters
    ----------
    thing : type or function

    Returns
    -------
    (str, str)
        For code of an installed library its package and version; for your own the reference and
        a hash of the source, own base classes included.

    Examples
    --------
    >>> source_of(np.array)[0]
    'numpy'
    """
    module = importlib.import_module(thing.__module__)
    if _is_library(module):
        package = thing.__module__.partition(".")[0]
        return package, str(getattr(importlib.import_module(package), "__version__", ""))
    parts = thing.__mro__ if isinstance(thing, type) else (thing,)
    own = [part for part in parts if not _is_library(importlib.import_module(part.__module__))]
    return reference(thing), content_hash([_text(part) for part in own], 12)


def describe(value: Any, where: str = "") -> Any:
    """Return JSON from which `rebuild` makes an equal object.

    Parameters
    ----------
    value : object
        Numbers, texts, lists, tuples, mappings, arrays, classes, functions, and objects that are
        made from parameters: estimators, transformers, splitters, kernels.
    where : str, default ""
        What the value is, for messages.

    Returns
    -------
    JSON value

    Raises
    ------
    InputError
        For an object that cannot be told from its parameters.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> describe(Ridge(alpha=2.0))
    {'class': 'sklearn.linear_model:Ridge', 'params': {'alpha': 2.0}}
    >>> describe((1, float("inf")))
    {'tuple': [1, {'float': 'inf'}]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple)):
        items = [describe(item, f"{where}[{at}]") for at, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, Mapping):
        return {"dict": [[describe(key, where), describe(item, f"{where}[{key!r}]")]
                         for key, item in value.items()]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufU":
        return {"array": [value.dtype.str, value.tolist()]}
    if isinstance(value, (type, FunctionType, np.ufunc, _DISPATCHED)) or inspect.isbuiltin(value):
        return {"object": _named(value)}
    return _drawn(value, where) or {"class": reference(type(value)),
                                    "params": changed_parameters(value, where)}


def rebuild(described: Any) -> Any:
    """Make the object that `describe` has told.

    Parameters
    ----------
    described : JSON value

    Returns
    -------
    object
        A new one at every call, which no fit has touched.

    Raises
    ------
    InputError
        If a class is not found, or does not take its parameters.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> rebuild({"class": "sklearn.linear_model.Ridge", "params": {"alpha": 2.0}})
    Ridge(alpha=2.0)
    """
    if isinstance(described, list):
        return [rebuild(item) for item in described]
    if not isinstance(described, Mapping):
        return described
    if "class" in described:
        return _made(described)
    makers: dict[str, Callable[[Any], Any]] = {
        "float": float,
        "tuple": lambda content: tuple(rebuild(content)),
        "dict": lambda content: {rebuild(key): rebuild(item) for key, item in content},
        "array": _array,
        "object": resolve,
    }
    if len(described) != 1 or not described.keys() <= makers.keys():
        raise InputError(f"an object is described by class and params, or by one of "
                         f"{', '.join(makers)}; got the keys {', '.join(map(str, described))}")
    ((kind, content),) = described.items()
    try:
        return makers[kind](content)
    except (TypeError, ValueError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{{{kind}: {content!r}}} describes no object: {error}") from error


def references(described: Any) -> Iterator[str]:
    """Yield every class and function that a description names.

    Examples
    --------
    >>> list(references([{"object": "math:floor"}, {"tuple": [1]}]))
    ['math:floor']
    """
    if isinstance(described, list):
        for item in described:
            yield from references(item)
    elif isinstance(described, Mapping):
        yield from (described[key] for key in ("class", "object") if key in described)
        for key, item in described.items():
            if key not in ("class", "object"):
                yield from references(item)


def changed_parameters(value: Any, where: str = "") -> dict[str, Any]:
    """Return the parameters of an object that differ from the defaults of its class, described.

    Parameters
    ----------
    value : object
    where : str, default ""
        See `describe`.

    Returns
    -------
    dict of str to JSON value

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> changed_parameters(Ridge(alpha=2.0))
    {'alpha': 2.0}
    """
    kind = type(value)
    signature = inspect.signature(kind.__init__).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    found = {}
    for name, given in _parameters(value, where or kind.__name__).items():
        told = describe(given, f"{where or kind.__name__}.{name}")
        # What an estimator takes without naming it is None unless it is set.
        if not _is_default(told, defaults.get(name)):
            found[name] = told
    return found


def _drawn(value: Any, where: str) -> dict[str, Any] | None:
    """Describe a distribution of scipy.stats, such as a RandomizedSearchCV draws from."""
    if not type(value).__module__.startswith("scipy.stats.") or not hasattr(value, "dist"):
        return None
    from scipy import stats

    drawn: Any = value.dist
    name = str(drawn.name)
    known: Any = type(getattr(stats, name, None))
    if not isinstance(drawn, known):
        return None  # one of somebody's own
    names = [*(drawn.shapes or "").replace(",", " ").split(), "loc", "scale"]
    params = {**dict(zip(names, value.args, strict=False)), **value.kwds}
    return {"class": f"scipy.stats:{name}",
            "params": {key: describe(item, where) for key, item in params.items()}}


def _named(value: Any) -> str:
    if isinstance(value, np.ufunc):
        return f"numpy:{value.__name__}"
    return reference(value)


def _parameters(value: Any, where: str) -> dict[str, Any]:
    """What an object was made from, by its own word or by the attributes of the same names."""
    if hasattr(value, "get_params"):
        return dict(value.get_params(deep=False))
    kind = type(value)
    names = [name for name, parameter in inspect.signature(kind.__init__).parameters.items()
             if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD,
                                                          parameter.VAR_POSITIONAL)]
    known = all(hasattr(value, name) for name in names)
    if not known or not (names or getattr(value, "__dict__", None) == {}):
        raise InputError(f"{where}: a {kind.__name__} cannot be told from its parameters; give a "
                         "number, a text, a list, a function of a module or an estimator in its "
                         "place (a seed in place of a generator)")
    return {name: getattr(value, name) for name in names}


def _is_default(told: Any, default: Any) -> bool:
    if default is inspect.Parameter.empty:
        return False
    try:
        plain = describe(default)
    except InputError:
        return False
    return type(told) is type(plain) and bool(told == plain)


def _array(content: Any) -> Any:
    dtype = np.dtype(content[0])
    # Texts of a length that no text in it has would fill the memory.
    if dtype.kind not in "biufU" or dtype.itemsize > _LONGEST_ITEM:
        raise ValueError(f"arrays hold numbers or short texts, not {dtype}")
    return np.array(content[1], dtype=dtype)


def _made(described: Mapping[str, Any]) -> Any:
    kind = resolve(described["class"])
    params = described.get("params") or {}
    if not isinstance(params, Mapping):
        raise InputError(f"{described['class']!r}: params are names with values, got {params!r}")
    try:
        return kind(**{name: rebuild(value) for name, value in params.items()})
    except TypeError as error:
        raise InputError(f"{described['class']!r} does not take {sorted(params)}: {error}"
                         ) from error


def _public(thing: Any) -> str:
    """The package that offers a class under its name, where its own module is a private one."""
    parts = str(thing.__module__).split(".")
    for at in range(1, len(parts)):
        package = sys.modules.get(".".join(parts[:at]))
        if parts[at].startswith("_") and getattr(package, thing.__name__, None) is thing:
            return ".".join(parts[:at])
    return str(thing.__module__)


def _finds(path: str, thing: Any) -> bool:
    if "<" in path or path.startswith("__main__:"):
        return False
    _HERE.pop(path, None)
    try:
        return resolve(path) is thing
    except InputError:
        return False


def _is_library(module: ModuleType) -> bool:
    if module.__name__ == "__main__":  # whatever file has started it, as pytest or a kernel
        return False
    file = getattr(module, "__file__", None)
    return file is None or str(Path(file).resolve()).startswith(_LIBRARIES)


def _text(thing: Any) -> str:
    """The source of a class or function; its byte code where there is no text, as at a prompt."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        members = vars(thing).values() if isinstance(thing, type) else [thing]
        code = [member.__code__ for member in members if isinstance(member, FunctionType)]
        return repr([_instructions(each) for each in code])


def _instructions(code: CodeType) -> tuple[Any, ...]:
    constants = [_instructions(each) if isinstance(each, CodeType) else each
                 for each in code.co_consts]
    return code.co_name, code.co_code, code.co_names, constants

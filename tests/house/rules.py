"""The house rules: each a small function from one source file to the places that break it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from numpydoc.docscrape import NumpyDocString

MAX_FILE = 400
MAX_CLASS = 250
MAX_FUNCTION = 50
MAX_PARAMETERS = 6
MAX_NESTING = 3

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "misc", "common"}

# An estimator names every option in its own __init__, by scikit-learn's convention.
ESTIMATOR_FOLDERS = {"splits", "models", "selection"}

# A command takes its options as dataclasses, which document their own fields.
CLI = {"cli", "cli.py"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
Loop = ast.For | ast.AsyncFor | ast.While
Block = Loop | ast.If | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match


@dataclass(frozen=True)
class Source:
    """A Python file: its path below the folder that is checked, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the file."""
        return list(ast.walk(ast.parse(self.text, str(self.path))))

    @cached_property
    def functions(self) -> list[Function]:
        """Every function and method of the file."""
        return [node for node in self.nodes if isinstance(node, Function)]

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Yield the calls of ``name``, as written."""
        for node in self.nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                yield node


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule."""

    line: int
    got: str
    way_out: str


Rule = Callable[[Source], Iterator[Finding]]


def sentences(rule: Rule, source: Source) -> list[str]:
    """Return what ``rule`` finds in ``source``, each as one line for a person."""
    name = rule.__name__.replace("_", " ")
    return [f"{source.path}:{f.line} {name}: got {f.got}; {f.way_out}" for f in rule(source)]


def short_file(source: Source) -> Iterator[Finding]:
    """Limit the lines of a file."""
    if (lines := len(source.text.splitlines())) > MAX_FILE:
        got = f"{lines} lines, at most {MAX_FILE}"
        yield Finding(lines, got, "give one of its roles a file of its own")


def short_class(source: Source) -> Iterator[Finding]:
    """Limit the lines of a class."""
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and (lines := _lines(node, node)) > MAX_CLASS:
            got = f"{node.name} of {lines} lines, at most {MAX_CLASS}"
            yield Finding(node.lineno, got, "move what needs no self to functions")


def short_function(source: Source) -> Iterator[Finding]:
    """Limit the lines of a function's body, its docstring not counted."""
    for node in source.functions:
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if body and (lines := _lines(body[0], node)) > MAX_FUNCTION:
            got = f"{node.name} of {lines} lines, at most {MAX_FUNCTION}"
            yield Finding(node.lineno, got, "name its steps as functions")


def few_parameters(source: Source) -> Iterator[Finding]:
    """Limit the parameters of a function, self not counted, estimators' __init__ exempt."""
    for node in source.functions:
        if node.name == "__init__" and ESTIMATOR_FOLDERS & set(source.path.parts):
            continue
        count = len(_parameters(node))
        if count > MAX_PARAMETERS:
            got = f"{node.name} with {count}, at most {MAX_PARAMETERS}"
            yield Finding(node.lineno, got, "gather the options in a frozen dataclass")


def shallow_nesting(source: Source) -> Iterator[Finding]:
    """Limit how deep blocks nest in a function; an elif is as deep as its if."""
    for node in source.functions:
        depth = max((_depth(child) for child in node.body), default=0)
        if depth > MAX_NESTING:
            got = f"{node.name} nested {depth} deep, at most {MAX_NESTING}"
            yield Finding(node.lineno, got, "return early, or name the inner block as a function")


def no_print(source: Source) -> Iterator[Finding]:
    """Leave printing to the command line's console."""
    for call in source.calls("print"):
        yield Finding(call.lineno, "print(", "return the value, or report it through the record")


def no_bare_except(source: Source) -> Iterator[Finding]:
    """Name what is caught."""
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield Finding(node.lineno, "a bare except", "name the errors that are expected here")


def no_broad_except(source: Source) -> Iterator[Finding]:
    """Catch only errors that are expected; a handler that raises again has caught nothing."""
    for line, caught in _caught(source):
        if broad := caught & {"Exception", "BaseException"}:
            yield Finding(line, f"{min(broad)} caught", "name the errors that are expected here")


def telling_name(source: Source) -> Iterator[Finding]:
    """Call a module what it holds."""
    bad = FORBIDDEN_NAMES & {part.removesuffix(".py").strip("_") for part in source.path.parts}
    if bad:
        yield Finding(1, f"a module named {min(bad)}", "name it for the one thing that it holds")


def raises_names_the_message(source: Source) -> Iterator[Finding]:
    """Let a test of an error also read what the error says."""
    for call in source.calls("pytest.raises"):
        if "match" not in {keyword.arg for keyword in call.keywords}:
            yield Finding(call.lineno, "no match=", "match the words that a person needs")


def documented_parameters(source: Source) -> Iterator[Finding]:
    """Let a Parameters section name what the signature or the dataclass has, in that order."""
    for node in source.nodes:
        if not isinstance(node, Definition) or not (text := ast.get_docstring(node)):
            continue
        documented, actual = _documented(text), _fields_or_parameters(node)
        if CLI & set(source.path.parts):
            actual = [name for name in actual if name in documented]
        if documented and documented != actual:
            got = f"{node.name} documents {', '.join(documented)}"
            yield Finding(node.lineno, got, f"it takes {', '.join(actual) or 'nothing'}")


def explicit_registry(source: Source) -> Iterator[Finding]:
    """Let an open folder's __init__ hold its registry: a dict, written out."""
    tree = next(node for node in source.nodes if isinstance(node, ast.Module))
    values = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    if not any(isinstance(value, ast.Dict) and value.keys for value in values):
        yield Finding(1, "no dict written out", "list every strategy by its name in one dict")


def _caught(source: Source) -> Iterator[tuple[int, set[str]]]:
    """Yield the line and the names of the errors of every handler that swallows them."""
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and last.exc is None):
                yield node.lineno, _names(node.type)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            yield node.lineno, set().union(*map(_names, node.args))


def _lines(first: ast.stmt, last: ast.stmt) -> int:
    return (last.end_lineno or last.lineno) - first.lineno + 1


def _parameters(node: Function) -> list[str]:
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    names += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    names += [a.arg for a in arguments.kwonlyargs]
    names += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _fields_or_parameters(node: Definition) -> list[str]:
    if isinstance(node, Function):
        return _parameters(node)
    for child in node.body:
        if isinstance(child, Function) and child.name == "__init__":
            return _parameters(child)
    annotated = [child for child in node.body if isinstance(child, ast.AnnAssign)]
    return [ast.unparse(c.target) for c in annotated if "ClassVar" not in ast.unparse(c.annotation)]


def _documented(text: str) -> list[str]:
    entries = NumpyDocString(text)["Parameters"]
    return [name.strip() for entry in entries for name in entry.name.split(",")]


def _depth(node: ast.AST) -> int:
    if isinstance(node, Definition):
        return 0  # counted on its own
    below = max(map(_depth, _inner(node)), default=0)
    return below + isinstance(node, Block)


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node, an elif's in place of the elif."""
    otherwise = node.orelse if isinstance(node, ast.If) else []
    for child in ast.iter_child_nodes(node):
        if otherwise == [child] and isinstance(child, ast.If):
            yield from _inner(child)
        else:
            yield child


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}

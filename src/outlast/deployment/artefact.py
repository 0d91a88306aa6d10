"""A trained model as a folder: files of data alone, each named with its hash in the manifest.

<folder>/
    manifest.json        what `Manifest` holds, and a hash of its own content
    model_card.md        the same for people
    events.parquet       events that were known when it was trained
    reference.npz        how often each level of each feature came up in training
    members/<k>/         the native files of each fitted model
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from outlast.data import Events
from outlast.deployment.manifest import FORMAT, KIND, Manifest
from outlast.deployment.reference import Reference
from outlast.deployment.trained import Trained
from outlast.errors import CorruptError, InputError
from outlast.features import AnyRecipe, FunctionRecipe, Recipe
from outlast.features.declared import recipe_of
from outlast.models import load_model
from outlast.records import content_hash
from outlast.untrusted import MOST_JSON, file_bytes, json_value, parquet_table

MANIFEST, CARD, EVENTS, MEMBERS = "manifest.json", "model_card.md", "events.parquet", "members"


def save(trained: Trained, folder: Path) -> Manifest:
    """Write a trained model into a new folder, which is there whole or not at all.

    Parameters
    ----------
    trained : Trained
    folder : pathlib.Path
        Does not exist yet, or is empty.

    Returns
    -------
    Manifest
        With the hashes of all files.

    Raises
    ------
    InputError
        If there is something in the folder already.
    """
    # Who only predicts need not load what writes.
    from outlast.deployment.card import model_card

    check_new(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "model"
        for at, fitted in enumerate(trained.fitted):
            place = made / MEMBERS / str(at)
            place.mkdir(parents=True)
            fitted.save(place)
        trained.reference.write(made)
        trained.events.table.write_parquet(made / EVENTS)
        (made / CARD).write_text(model_card(trained.manifest), encoding="utf-8")
        manifest = trained.manifest.model_copy(update={"files": _hashes(made)})
        content = manifest.model_dump(mode="json")
        text = json.dumps({"sha256": content_hash(content, 64), **content}, indent=1)
        (made / MANIFEST).write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return manifest


def check_new(folder: Path) -> None:
    """Raise unless a model can be written into a folder.

    Raises
    ------
    InputError
        If there is something in it already.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{str(folder)!r} exists already, and a model is never overwritten; give "
                         "another folder with --output, or move this one away")


def load(folder: Path, features: Any = None) -> Trained:
    """Read a trained model, every file verified before any of them is used.

    Parameters
    ----------
    folder : pathlib.Path
    features : Recipe, FunctionRecipe or callable, optional
        What makes the features, where the folder does not hold them as a recipe: loading a
        model never runs code that the folder names.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If there is no model in the folder, another program or a newer outlast has made it, or
        `features` are needed or are not those that it has learned from.
    CorruptError
        If a file is missing, was cut short or changed, or is not named in the manifest.
    """
    manifest = read_manifest(folder)
    _verify(folder, manifest)
    fitted = [load_model(folder / MEMBERS / str(at)) for at in range(len(manifest.members))]
    try:
        events = Events(parquet_table(folder / EVENTS), manifest.events_zone)
        reference = Reference.read(folder)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(folder)!r} holds no model that can be used: {error}; make it anew "
                         "with outlast refit") from error
    return Trained(manifest, _recipe(folder, manifest, features), fitted, events, reference)


def read_manifest(folder: Path) -> Manifest:
    """Read what a saved model knows of itself, see `load` for what can be wrong with it."""
    path = folder / MANIFEST
    try:
        content = json_value(file_bytes(path, MOST_JSON))
    except OSError as error:
        raise InputError(f"{str(folder)!r} holds no model: {MANIFEST} cannot be read "
                         f"({error.strerror}); name a folder that outlast refit has "
                         "written") from error
    except ValueError as error:
        raise _changed(folder, MANIFEST, "is not whole JSON") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(f"{str(path)!r} does not describe an {KIND}; name a folder that outlast "
                         "refit has written")
    number = content.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise InputError(f"{str(folder)!r} has format {number}, and this outlast reads up to "
                         f"{FORMAT}: update outlast")
    told = content.pop("sha256", None)
    if told != content_hash(content, 64):
        raise _changed(folder, MANIFEST, "is not what its hash says")
    try:
        return Manifest.model_validate(content, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{str(path)!r} does not describe a model that this outlast can use: "
                         f"{where}: {first['msg']}") from error


def _verify(folder: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if ".." in parts or PurePosixPath(name).is_absolute() or "\\" in name:
            raise CorruptError(f"{str(folder)!r}: the manifest names {name!r}, which lies outside "
                               "the folder; do not use this model")
    root = folder.resolve()
    for name, sha256 in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise _changed(folder, name, "is missing")
        if not path.resolve().is_relative_to(root):
            raise _changed(folder, name, "is a link to a place outside the folder")
        if _sha256(path) != sha256:
            raise _changed(folder, name, "was cut short or changed")
    needed = {EVENTS, *(f"{MEMBERS}/{at}/model.json" for at in range(len(manifest.members)))}
    there = {path.relative_to(folder).as_posix()
             for path in (folder / MEMBERS).rglob("*") if not path.is_dir()}
    for name in sorted((needed | there) - manifest.files.keys()):
        raise _changed(folder, name, "is not named in the manifest")


def _changed(folder: Path, name: str, what: str) -> CorruptError:
    return CorruptError(f"{str(folder)!r}: {name} {what} after the model was written; copy the "
                        "folder again from where it was made, or make it anew with outlast refit")


def _hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _sha256(path)
            for path in sorted(folder.rglob("*")) if path.is_file()}


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _recipe(folder: Path, manifest: Manifest, given: Any) -> AnyRecipe:
    """The recipe of the manifest, or the given one if it is that which the model learned from."""
    if given is None and manifest.recipe is not None:
        return recipe_of(manifest.recipe)
    if given is None:
        raise InputError(f"{str(folder)!r} was made with the features {manifest.recipe_name!r}, "
                         "which are Python code and are not kept in the folder; give them: "
                         "OutlastModel.load(folder, features=...) or --features module:name")
    recipe = given if isinstance(given, (Recipe, FunctionRecipe)) else FunctionRecipe(given)
    if recipe.fingerprint != manifest.recipe_fingerprint:
        raise InputError(f"features {recipe.name!r} are not those that {str(folder)!r} was made "
                         f"with ({manifest.recipe_name!r}): their source has changed; bring it "
                         "back, or make the model anew with outlast refit")
    return recipe


def model_id(manifest: Manifest) -> str:
    """Return a short name for exactly this model."""
    return content_hash(manifest.files) if manifest.files else ""

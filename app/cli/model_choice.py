"""Which model file a command is to use: by path, by name, by its id in the catalogue, or that in the box."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from app.cli.surroundings import Surroundings
from app.errors import InputError, ModelFileError
from models.engine.protocol import ModelFacts
from models.gguf_info import GgufInfo, read_chat_model
from models.library import BUILT_IN_TITLE
from models.trash import TRASH_NAME

BUILT_IN_ID = "ponder-mini"


def chosen_model(wanted: str | None, settings_model_path: str, surroundings: Surroundings) -> Path:
    """The file to load. `wanted` None: as in the settings, whose "" is the model in the box.

    A path is taken as it is; whether it is a model is for the reader of the file to say. Raises
    `InputError` where a plain name is neither a file nor a model that Ponder knows.
    """
    if wanted is None:
        return Path(settings_model_path) if settings_model_path else surroundings.built_in_model
    if wanted == BUILT_IN_ID:
        return surroundings.built_in_model
    path = Path(wanted).expanduser()
    if _looks_like_path(wanted) or path.exists():
        return path
    models_dir = surroundings.paths.models_dir
    for name in (wanted, f"{wanted}.gguf"):
        named_so = models_dir.rglob(glob.escape(name)) if models_dir.is_dir() else ()
        found = sorted(path for path in named_so if TRASH_NAME not in path.parts)
        if found and found[0].is_file():
            return found[0]
    return _model_of_catalog(wanted, surroundings)


def _model_of_catalog(wanted: str, surroundings: Surroundings) -> Path:
    """The file of a model that the catalogue calls so. Raises `InputError`, also where it is not here."""
    from models.catalog import load_catalog  # these two only here: a path needs neither
    from models.library import Library

    paths = surroundings.paths
    if load_catalog().by_id(wanted) is None:
        raise InputError(
            f"There is no model called {wanted}: no such file here, nor in {paths.models_dir}.",
            advice="Give the path of a GGUF file; ponder models list names the models that Ponder knows.",
        )
    library = Library(paths.models_dir, paths.library_file, surroundings.built_in_model)
    here = [model for model in library.models() if model.catalog_id == wanted]
    if not here:
        raise not_here(wanted)
    return next((model for model in here if not model.problem), here[0]).path


def not_here(model_id: str) -> InputError:
    """Make the error for a model of the catalogue that is not on this computer."""
    return InputError(
        f"{model_id} is not on this computer.", advice=f"Download it: ponder models download {model_id}"
    )


def check_model_file(path: Path) -> GgufInfo:
    """Read the file's own description. Raises `ModelFileError`, which names the file."""
    try:
        return read_chat_model(path)
    except ModelFileError as error:
        error.message = f"{path}: {error.message}"
        raise


def require_context(path: Path, context_tokens: int) -> None:
    """Raise `InputError` where the model was trained for less, `ModelFileError` where it is no model."""
    trained = check_model_file(path).context_length_tokens
    if context_tokens > trained:
        raise InputError(
            f"This model was trained for a context of {trained:,} tokens, "
            f"and {context_tokens:,} were asked for."
        )


def model_title(path: Path, facts: ModelFacts, surroundings: Surroundings) -> str:
    """The model's name for people, the same as in the window."""
    return BUILT_IN_TITLE if path == surroundings.built_in_model else facts.name or path.stem


def _looks_like_path(wanted: str) -> bool:
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    return not wanted or wanted.startswith("~") or any(separator in wanted for separator in separators)

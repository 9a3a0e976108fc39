"""What the actions of `ponder models` look at (settings, catalogue, files, machine), read when needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.cli.model_choice import BUILT_IN_ID, chosen_model, not_here
from app.cli.surroundings import Surroundings
from app.errors import InputError, ModelFileError
from app.library import assembly
from app.library.events import ShelfChanged
from app.library.reckoning import Reckoning
from app.library.shapes import ShapeReader
from app.library.shelf import put_together
from app.settings import Settings, load_settings
from models.catalog import Catalog, CatalogModel, load_catalog
from models.engine.kv_type import KvType
from models.fit_corrections import FitCorrections
from models.gguf_info import GgufInfo, read_gguf_info
from models.hub_names import quantisation_of
from models.library import Library, LibraryModel, Verification
from models.machine import Machine
from models.model_shape import ModelShape, read_shape


@dataclass(frozen=True, slots=True)
class Subject:
    """One model that was asked about, on this computer (`path`) or in the catalogue only.

    `sha256` "" where it was never computed. `id` "" where the catalogue does not know it.
    """

    id: str
    title: str
    shape: ModelShape
    size_bytes: int
    sha256: str
    quantisation: str
    parameters: int
    license: str
    path: Path | None = None
    verification: Verification = Verification.UNVERIFIED
    needs_server: bool = False


class ModelsAtHand:
    """`kv_type` None: as in the settings."""

    def __init__(self, surroundings: Surroundings, kv_type: KvType | None) -> None:
        self._surroundings = surroundings
        self._kv_type = kv_type

    @cached_property
    def settings(self) -> Settings:
        """The settings; what is wrong with them is said."""
        settings, problem = load_settings(self._surroundings.paths.settings_file)
        if problem is not None:
            self._surroundings.output.note(str(problem))
        return settings

    @property
    def kv_type(self) -> KvType:
        """How the cache is to be stored."""
        return self._kv_type or self.settings.kv_type

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue."""
        return load_catalog()

    @cached_property
    def machine(self) -> Machine:
        """The computer, measured now."""
        return assembly.measure(self._surroundings.paths)

    @cached_property
    def reckoning(self) -> Reckoning:
        """All sums, as this computer taught."""
        corrections = FitCorrections(self._surroundings.paths.corrections_file)
        return Reckoning(self.machine, self.kv_type, corrections)

    @cached_property
    def library(self) -> Library:
        """The model files on this disk."""
        return assembly.library(self._surroundings.paths, self._surroundings.built_in_model, self.catalog)

    def shelf(self) -> ShelfChanged:
        """Everything, as the window has it."""
        models = self.library.models(self._opened())
        if self.library.records_problem is not None:
            self._surroundings.output.note(str(self.library.records_problem))
        shapes = ShapeReader()
        fits = {
            model.path: self.reckoning.fit(shape)
            for model in models
            if (shape := shapes.shape(model)) is not None
        }
        return put_together(
            catalog=self.catalog,
            suggestions=self.reckoning.suggestions(self.catalog),
            models=models,
            fits=fits,
            downloads=assembly.downloads_on_record(self._surroundings.paths),
        )

    def _opened(self) -> list[Path]:
        """Files elsewhere that were opened in the window."""
        return [Path(path) for path in self.settings.opened_models]

    def catalog_model(self, model_id: str) -> CatalogModel:
        """The model of the catalogue. Raises `InputError`."""
        model = self.catalog.by_id(model_id)
        if model is None:
            raise InputError(
                f"There is no model called {model_id} in the catalogue.", advice="See: ponder models list"
            )
        return model

    def installed(self, wanted: str) -> LibraryModel:
        """The model on the list that is meant by an id, a path or a file name. Raises `InputError`."""
        models = self.library.models(self._opened())
        by_id = next((model for model in models if wanted and model.catalog_id == wanted), None)
        if by_id is not None:
            return by_id
        if self.catalog.by_id(wanted) is not None:
            raise not_here(wanted)
        path = chosen_model(wanted, "", self._surroundings).absolute()
        for model in models:
            if path in {each.absolute() for each in model.paths}:
                return model
        raise InputError(f"{path} is not on the list of models.", advice="See: ponder models list")

    def subject(self, wanted: str) -> Subject:
        """The model that is asked about, by id, path or file name. Raises `InputError`, `ModelFileError`."""
        known = self.catalog.by_id(wanted)
        if known is None:
            return self._file(self.library.model(chosen_model(wanted, "", self._surroundings)))
        here = next((m for m in self.library.models() if m.catalog_id == wanted and not m.problem), None)
        if here is not None:
            return self._file(here)
        return Subject(
            id=known.id,
            title=known.title,
            shape=known.shape,
            size_bytes=known.size_bytes,
            sha256=known.sha256,
            quantisation=quantisation_of(known.file),
            parameters=round(known.parameters_b * 1e9),
            license=known.license,
            needs_server=known.needs_server,
        )

    def _file(self, model: LibraryModel) -> Subject:
        try:
            shape = read_shape(model.path)
            info = model.info or read_gguf_info(model.path)
        except ModelFileError as error:
            error.message = f"{model.path}: {error.message}"
            raise
        known = self.catalog.by_id(model.catalog_id) if model.catalog_id else None
        return Subject(
            id=known.id if known else BUILT_IN_ID if model.is_built_in else "",
            title=model.title,
            shape=shape,
            size_bytes=model.size_bytes,
            sha256=known.sha256 if known else "",
            quantisation=info.quantisation,
            parameters=round(known.parameters_b * 1e9) if known else _parameters(info),
            license=known.license if known else "",
            path=model.path,
            verification=model.verification,
        )


def _parameters(info: GgufInfo) -> int:
    return 0 if info.is_split else info.parameter_count

"""How the next token is drawn: as advised for the model, or by the user's own numbers."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from app.settings import Settings
from models.engine.protocol import ModelFacts
from models.recipes import R1_DISTILL, RECIPES, Recipe
from ui.kinds import of_kind
from ui.settings import parts

_OWN = 1
_CHOICES = ("As advised", "My own")


class SamplingCard(QWidget):
    """Temperature and top-p, with what is advised for the model that is loaded.

    Signals:
        changed(values): fields of `Settings` that the user changed.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipe = R1_DISTILL
        self.choice_buttons = QButtonGroup(self)
        self.advice = parts.words("", "third")
        self.own = QWidget()
        self.temperature = parts.number_field(0.0, 2.0, 0.05, "Temperature")
        self.top_p = parts.number_field(0.01, 1.0, 0.05, "Top-p")
        self.warning = parts.words("", "warning")
        self._lay_out()
        self.choice_buttons.idClicked.connect(self._on_chosen)
        self.temperature.valueChanged.connect(self._on_temperature_changed)
        self.top_p.valueChanged.connect(self._on_top_p_changed)

    def _lay_out(self) -> None:
        own = QVBoxLayout(self.own)
        own.setContentsMargins(0, 0, 0, 0)
        own.setSpacing(8)
        own.addLayout(parts.labelled("Temperature", self.temperature))
        own.addLayout(parts.labelled("Top-p", self.top_p))
        own.addWidget(self.warning)
        frame, lines = parts.card()
        lines.addLayout(parts.choice("Sampling", _CHOICES, self.choice_buttons))
        lines.addWidget(self.advice)
        lines.addWidget(self.own)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)

    # Public methods

    def show_settings(self, settings: Settings) -> None:
        """Show these values; where nothing was chosen, those that are advised."""
        is_own = settings.temperature is not None or settings.top_p is not None
        self.choice_buttons.button(int(is_own)).setChecked(True)
        self._show_numbers(settings.temperature, settings.top_p)
        self._say()

    def show_model(self, model: ModelFacts | None) -> None:
        """Another model is loaded; with it comes other advice."""
        if model is not None:
            self._recipe = recipe_of(model.family)
            if not self._is_own:
                self._show_numbers(None, None)
            self._say()

    # Slots

    @Slot(int)
    def _on_chosen(self, number: int) -> None:
        if number == _OWN:
            self.changed.emit({"temperature": self._temperature, "top_p": self._top_p})
        else:
            self._show_numbers(None, None)
            self.changed.emit({"temperature": None, "top_p": None})
        self._say()

    @Slot()
    def _on_temperature_changed(self) -> None:
        self._say()
        self.changed.emit({"temperature": self._temperature})

    @Slot()
    def _on_top_p_changed(self) -> None:
        self._say()
        self.changed.emit({"top_p": self._top_p})

    # Inside

    @property
    def _is_own(self) -> bool:
        return self.choice_buttons.checkedId() == _OWN

    @property
    def _temperature(self) -> float:
        return round(self.temperature.value(), 2)

    @property
    def _top_p(self) -> float:
        return round(self.top_p.value(), 2)

    def _show_numbers(self, temperature: float | None, top_p: float | None) -> None:
        for field, value, advised in (
            (self.temperature, temperature, self._recipe.temperature),
            (self.top_p, top_p, self._recipe.top_p),
        ):
            field.blockSignals(True)
            field.setValue(advised if value is None else value)
            field.blockSignals(False)

    def _say(self) -> None:
        recipe = self._recipe
        low, high = recipe.temperature_range
        self.advice.setText(
            f"For {recipe.title}: temperature {recipe.temperature:g} ({low:g} to {high:g}), "
            f"top-p {recipe.top_p:g}. It holds from the next question on."
        )
        self.own.setVisible(self._is_own)
        warning = recipe.sampling_warning(self._temperature, self._top_p) if self._is_own else ""
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))
        of_kind(self.warning, "warning")


def recipe_of(family: str) -> Recipe:
    """The recipe of a loaded model's family; R1's where there is none of that name."""
    return next((recipe for recipe in RECIPES if recipe.family == family), R1_DISTILL)

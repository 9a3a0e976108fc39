"""How long the model may think: a quiet menu in the composer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app.settings import MAX_THINKING_BUDGET_TOKENS, MIN_THINKING_BUDGET_TOKENS
from ui.widgets.text_button import TextButton

NO_BUDGET = 0
_CHOICES = (("Low", 2_048), ("Medium", 8_192), ("High", 16_384), ("As long as it needs", NO_BUDGET))
_TIP = "How long the model may think before it answers, from the next question on"
_AT_LEAST = (("As it likes", 0), ("1,024 tokens", 1_024), ("4,096 tokens", 4_096), ("8,192 tokens", 8_192))
_WITHOUT = "Without thinking"
_ALWAYS_THINKS = "Without thinking: this model always thinks"
_NO_THOUGHTS = "No thinking"
_NO_THOUGHTS_TIP = "This model answers at once: it writes no thoughts that could be limited"


class ThinkingButton(TextButton):
    """Names the budget in force and offers the others.

    Signals:
        thinking_chosen(values): what is to hold from the next question on, as fields of `Settings`.
    """

    thinking_chosen = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._budget_tokens = NO_BUDGET
        self._at_least_tokens = 0
        self._skips = False
        self._model_thinks = True
        self._model_can_skip = False
        self._short = False
        self._menu = QMenu(self)
        self._choices = QActionGroup(self)
        for name, tokens in _CHOICES:
            self._add_choice(f"{name}\t{tokens:,} tokens" if tokens else name, tokens)
        self._other = self._add_choice("Other…", None)
        self._without = self._add_choice(_WITHOUT, None)
        self._menu.addSeparator()
        self._least_menu = QMenu("Think at least", self._menu)
        self._least_choices = QActionGroup(self)
        for name, tokens in _AT_LEAST:
            self._add_least(name, tokens)
        self._menu.addMenu(self._least_menu)
        self._choices.triggered.connect(self._on_triggered)
        self._least_choices.triggered.connect(self._on_least_triggered)
        self.setMenu(self._menu)
        self._say()

    # Construction

    def _add_choice(self, words: str, tokens: int | None) -> QAction:
        action = self._menu.addAction(words)
        action.setData(tokens)
        action.setCheckable(True)
        self._choices.addAction(action)
        return action

    def _add_least(self, words: str, tokens: int) -> None:
        action = self._least_menu.addAction(words)
        action.setData(tokens)
        action.setCheckable(True)
        self._least_choices.addAction(action)

    # Public methods

    def show_budget(self, budget_tokens: int, at_least_tokens: int = 0, *, skips: bool = False) -> None:
        """Say what is in force; a budget of 0 is as long as it needs."""
        self._budget_tokens = budget_tokens
        self._at_least_tokens = at_least_tokens
        self._skips = skips
        self._say()

    def show_model(self, *, thinks: bool, can_skip: bool = False) -> None:
        """A model that does not think has nothing to choose here; few can leave it out."""
        self._model_thinks = thinks
        self._model_can_skip = can_skip
        self._say()

    def set_short(self, short: bool) -> None:
        """Fewer words where there is little room."""
        if short != self._short:
            self._short = short
            self._say()

    # Slots

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        if action is self._other:
            self._check_choice()  # nothing is chosen yet
            self._ask_for_number()
        elif action is self._without:
            self._skips = True
            self._say()
            self.thinking_chosen.emit({"skips_thinking": True})
        else:
            self._choose(action.data())

    @Slot(QAction)
    def _on_least_triggered(self, action: QAction) -> None:
        self._at_least_tokens = action.data()
        self._say()
        self.thinking_chosen.emit({"thinking_at_least_tokens": self._at_least_tokens})

    @Slot(int)
    def _choose(self, budget_tokens: int) -> None:
        self.show_budget(budget_tokens, self._at_least_tokens)
        self.thinking_chosen.emit({"thinking_budget_tokens": budget_tokens, "skips_thinking": False})

    # Inside

    def _ask_for_number(self) -> None:
        from PySide6.QtWidgets import QInputDialog, QLineEdit  # here: the window need not wait for them

        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Thinking budget")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(MIN_THINKING_BUDGET_TOKENS, MAX_THINKING_BUDGET_TOKENS)
        dialog.setIntStep(MIN_THINKING_BUDGET_TOKENS)
        dialog.setIntValue(self._budget_tokens or _CHOICES[1][1])
        dialog.setLabelText(
            "Tokens the model may think before it answers,\n"
            f"from {MIN_THINKING_BUDGET_TOKENS} to {MAX_THINKING_BUDGET_TOKENS:,}:"
        )
        dialog.setOkButtonText("Use")
        dialog.intValueSelected.connect(self._choose)
        dialog.open()
        for field in dialog.findChildren(QLineEdit):
            field.setTextMargins(6, 0, 6, 0)  # Qt passes over the stylesheet's padding here

    def _say(self) -> None:
        budget = self._budget_in_words()
        if not self._model_thinks:
            text, tip = _NO_THOUGHTS, _NO_THOUGHTS_TIP
        else:
            text = "Thinking ▾" if self._short else f"Thinking: {budget} ▾"
            tip = f"Thinking: {budget}. {_TIP}" if self._short else _TIP
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(f"Thinking: {budget}" if self._model_thinks else tip)
        self.setEnabled(self._model_thinks)
        self._check_choice()

    def _check_choice(self) -> None:
        """Mark the choice in force; a number of the user's own stands beside Other."""
        tokens = self._budget_tokens
        skips = self._skips and self._model_can_skip
        self._without.setText(_WITHOUT if self._model_can_skip else _ALWAYS_THINKS)
        self._without.setEnabled(self._model_can_skip)
        for action in self._least_choices.actions():
            action.setChecked(action.data() == self._at_least_tokens)
        known = tokens in [budget for _name, budget in _CHOICES]
        self._other.setText("Other…" if known else f"Other…\t{tokens:,} tokens")
        for action in self._choices.actions():
            is_other = action is self._other
            if action is self._without:
                action.setChecked(skips)
            else:
                fits = not known if is_other else known and action.data() == tokens
                action.setChecked(fits and not skips)

    def _budget_in_words(self) -> str:
        if self._skips and self._model_can_skip:
            return "off"
        names = {tokens: name.lower() for name, tokens in _CHOICES}
        words = names.get(self._budget_tokens, f"{self._budget_tokens:,} tokens")
        least = self._at_least_tokens
        return f"at least {least:,} tokens" if least and not self._budget_tokens else words

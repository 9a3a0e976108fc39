"""The open window of tests/ui, for whoever cannot see it."""

from __future__ import annotations

from tests.ui.conftest import open_a_window, opened, paths

__all__ = ["open_a_window", "opened", "paths"]

"""The hub server as a fixture: a conftest.py imports `hub_server` from here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub_server.server import HubServer

__all__ = ["hub_server"]


@pytest.fixture
def hub_server() -> Iterator[HubServer]:
    """A hub with its CDN, empty and without faults, that is gone after the test."""
    with HubServer() as server:
        yield server

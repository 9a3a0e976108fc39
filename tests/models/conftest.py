"""What tests of the models share: the hub server."""

from tests.hub_server.fixtures import hub_server

__all__ = ["hub_server"]

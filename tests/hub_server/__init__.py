"""A hub of the test suite's own, on 127.0.0.1, that the real huggingface_hub talks to."""

from tests.hub_server.faults import Fault
from tests.hub_server.server import HubServer, RecordedRequest

__all__ = ["Fault", "HubServer", "RecordedRequest"]

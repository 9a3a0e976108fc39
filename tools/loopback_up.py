"""Brings the loopback device of this network namespace up: tests of downloads talk to a server of their own.

What `ip link set lo up` does, for systems without that program. Source: netdevice(7).
"""

from __future__ import annotations

import fcntl
import socket
import struct

_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # SIOCGIFFLAGS, SIOCSIFFLAGS
_IS_UP = 1  # IFF_UP
_REQUEST = struct.Struct("16sH14x")  # the start of struct ifreq


def main() -> None:
    """Bring it up. Raises `OSError` where this process may not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _GET_FLAGS, _REQUEST.pack(b"lo", 0))
        name, flags = _REQUEST.unpack(answer)
        fcntl.ioctl(any_socket, _SET_FLAGS, _REQUEST.pack(name, flags | _IS_UP))


if __name__ == "__main__":
    main()

"""Takes Ponder's own loaded model out of what was measured: another model would come in its place."""

from __future__ import annotations

import msgspec

from models.fit import Fit
from models.machine import CPU_DEVICE, Machine


def as_if_unloaded(measured: Machine, placed: Fit) -> Machine:
    """The machine as it would have been measured without a model of ours that is placed so.

    In main memory its mapped file does not count: the system says that such memory is available.
    """
    taken = {share.device: share for share in placed.shares}
    devices = tuple(
        msgspec.structs.replace(
            device,
            free_bytes=min(device.total_bytes, device.free_bytes + taken[device.name].total_bytes),
        )
        if device.name in taken
        else device
        for device in measured.devices
    )
    rest = taken.get(CPU_DEVICE)
    own_bytes = rest.repacked_bytes + rest.kv_bytes + rest.compute_bytes if rest else 0
    available_bytes = min(measured.ram_total_bytes, measured.ram_available_bytes + own_bytes)
    return msgspec.structs.replace(measured, devices=devices, ram_available_bytes=available_bytes)

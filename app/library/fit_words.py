"""How a model fits, in words: the badge, the sum, and where each byte goes."""

from __future__ import annotations

from app import numbers_in_words as words
from models.fit import DeviceShare, Fit, Verdict
from models.machine import CPU_DEVICE, Machine

_GIB = 2**30

UNITS = (
    "Memory is counted in GB of 1,024 × 1,024 × 1,024 bytes, as it is sold;\n"
    "files in GB of 1,000 × 1,000 × 1,000, as download pages have them."
)
"""Why `Download 4.7 GB` stands beside `weights 4.4`."""


def memory(size_bytes: int) -> str:
    """`11.2 GB`: of 1,024 × 1,024 × 1,024 bytes, as memory is sold and as every other tool shows it."""
    return f"{_gigabytes(size_bytes)} GB"


def badge(fit: Fit) -> str:
    """`Fits, 16,384 tokens`."""
    match fit.verdict:
        case Verdict.FITS:
            return f"Fits, {fit.context_tokens:,} tokens"
        case Verdict.PARTLY:
            return f"Fits in part: {fit.layers_on_gpu} of {fit.layers} layers"
        case Verdict.CPU_ONLY:
            return f"CPU only, {fit.context_tokens:,} tokens"
        case Verdict.TOO_LARGE:
            return f"Too large by {memory(fit.short_of_bytes)}"


def speed(fit: Fit) -> str:
    """`about 24 tokens/s`, empty where it cannot be told."""
    if fit.verdict is Verdict.TOO_LARGE or not fit.decode_tokens_per_s:
        return ""
    return f"about {words.speed(fit.decode_tokens_per_s)} tokens/s"


def spoken_speed(fit: Fit) -> str:
    """`about 24 tokens a second`, empty where it cannot be told."""
    return speed(fit).replace("tokens/s", "tokens a second")


def short_sum(fit: Fit) -> str:
    """`Memory: weights 4.7 + cache 1.2 + work 0.3 = 6.2 of 11.2 GB`; of several `6.2 of 11.2 GB on …, …`."""
    used = _shares_that_matter(fit)
    if not used:
        return ""
    if len(used) == 1:
        return f"Memory: {share_sum(used[0])}"
    return ", ".join(
        f"{_gigabytes(share.needed_bytes)} of {memory(share.available_bytes)} {_place(share)}"
        for share in used
    )


def share_sum(share: DeviceShare) -> str:
    """What it takes of one device, as a sum in which the shown parts add up to the shown whole.

    What the processor has in an order of its own stands in the place of the mapped file's weights, which the
    system takes back: `weights 4.4 + cache 0.4 + work 0.3 = 5.1 of 22.3 GB`.
    """
    weights_bytes = share.needed_bytes - share.kv_bytes - share.compute_bytes
    parts = [("weights", weights_bytes), ("cache", share.kv_bytes), ("work", share.compute_bytes)]
    tenths = _tenths_that_add_up([size for _name, size in parts])
    shown = [f"{name} {count / 10:.1f}" for (name, size), count in zip(parts, tenths, strict=True) if size]
    total = f"{sum(tenths) / 10:.1f} of {memory(share.available_bytes)}"
    return f"{' + '.join(shown)} = {total}" if len(shown) > 1 else total


def share_lines(fit: Fit) -> list[tuple[str, str]]:
    """For each device that holds a part: its name and the sum on it."""
    return [(_name(share), share_sum(share)) for share in fit.shares if share.total_bytes]


def sum_explained(fit: Fit) -> str:
    """What the parts are, and why a file's size is another figure than that of its weights."""
    repacked_bytes = sum(share.repacked_bytes for share in fit.shares)
    own_order = f" {memory(repacked_bytes)} of them in an order that this processor reads faster."
    return (
        f"Weights: the model itself.{own_order if repacked_bytes else ''} "
        "Cache: what it remembers of the chat; it grows with the context. Work: room to compute in.\n"
        + UNITS.replace("\n", " ")
    )


def machine_line(machine: Machine) -> str:
    """Say it in one line: `This computer: RTX 3060, 12 GB (11.2 free) · 32 GB memory · 214 GB disk free`."""
    devices = [
        f"{short_title(device.title)}, {round_memory(device.total_bytes)} "
        f"({_gigabytes(device.free_bytes)} free)"
        for device in machine.devices
    ]
    parts = devices or ["no graphics card in use"]
    parts.append(f"{round_memory(machine.ram_total_bytes)} memory")
    if machine.disk_free_bytes:
        parts.append(f"{disk(machine.disk_free_bytes)} disk free")
    return "This computer: " + " · ".join(parts)


def machine_sentence(machine: Machine) -> str:
    """Say it in a sentence: `This computer has an RTX 3060 with 12 GB and 32 GB of memory`."""
    memory_words = f"{round_memory(machine.ram_total_bytes)} of memory"
    if not machine.devices:
        cores = machine.cpu.usable_cores
        with_cores = f" and {cores} processor core{'' if cores == 1 else 's'}" if cores else ""
        return f"This computer has {memory_words}{with_cores}, and no graphics card that Ponder can use."
    named = [
        f"{_article(title)} {title} with {round_memory(device.total_bytes)}"
        for device in machine.devices
        for title in (short_title(device.title),)
    ]
    return f"This computer has {', '.join(named)} and {memory_words}."


def short_title(title: str) -> str:
    """`RTX 3060` of `NVIDIA GeForce RTX 3060`: who made it goes without saying."""
    for maker in ("NVIDIA", "GeForce", "AMD", "Radeon(TM)", "Intel(R)", "(TM)", "(R)"):
        title = title.replace(maker, " ")
    return " ".join(title.split()) or "graphics card"


def round_memory(size_bytes: int) -> str:
    """`12 GB` of a card that llama.cpp says has 11.8: what is printed on the box."""
    value = size_bytes / _GIB
    return f"{value:.1f} GB" if value < 1.95 else f"{round(value)} GB"


def disk(size_bytes: int) -> str:
    """`214 GB`, `1.8 TB`: decimal, as file managers have it."""
    if size_bytes >= 999.5e9:
        return f"{size_bytes / 1e12:,.1f} TB"
    return f"{size_bytes / 1e9:,.0f} GB" if size_bytes >= 9.95e9 else words.size(size_bytes)


def _shares_that_matter(fit: Fit) -> list[DeviceShare]:
    """What runs on the cards leaves a little in main memory; that is for the details."""
    used = [share for share in fit.shares if share.total_bytes]
    if fit.verdict is Verdict.FITS:
        return [share for share in used if share.device != CPU_DEVICE] or used
    return used


def _name(share: DeviceShare) -> str:
    return "Main memory" if share.device == CPU_DEVICE else short_title(share.title)


def _place(share: DeviceShare) -> str:
    return "in main memory" if share.device == CPU_DEVICE else f"on {short_title(share.title)}"


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / _GIB:,.1f}"


def _tenths_that_add_up(sizes: list[int]) -> list[int]:
    """Tenths of a GB for each size; those cut most are rounded up until they add up to the whole, rounded."""
    exact = [size * 10 / _GIB for size in sizes]
    tenths = [int(value) for value in exact]
    missing = round(sum(exact)) - sum(tenths)
    for number in sorted(range(len(sizes)), key=lambda n: tenths[n] - exact[n])[:missing]:
        tenths[number] += 1
    return tenths


def _article(title: str) -> str:
    return "an" if title[:1].upper() in "AEIO" or title.startswith(("RTX", "RX", "MX", "L4", "H1")) else "a"

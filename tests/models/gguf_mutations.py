"""Spoils the header of a GGUF file in thousands of ways, each from a number: what a fuzz test reads."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_EXTREMES = (
    0,
    1,
    2,
    7,
    8,
    255,
    65_535,
    65_536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**61,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
_TYPES = (*range(15), 43, 255, 2**31, 2**32 - 1)
_BYTES = b"\x00\x01\x04\x08\x09\x7f\x80\xc0\xff"


@dataclass(slots=True)
class Header:
    """A good header, and where its parts are: `(offset, bytes)` of numbers, `(start, end)` of the others.

    `file_bytes` is the size of the whole file.
    """

    content: bytes
    file_bytes: int
    lengths: list[tuple[int, int]] = field(default_factory=list)
    types: list[tuple[int, int]] = field(default_factory=list)
    values: list[tuple[int, int]] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    tensors: list[tuple[int, int]] = field(default_factory=list)


def header_of(path: Path) -> Header:
    """Find the parts of the header of a good file."""
    content = path.read_bytes()
    header = Header(b"", len(content))
    tensor_count, pair_count = struct.unpack_from("<QQ", content, 8)
    header.lengths += [(8, 8), (16, 8)]
    header.values.append((4, 4))
    offset = 24
    for _ in range(pair_count):
        start, offset = offset, _string(content, offset, header)
        (kind,) = struct.unpack_from("<I", content, offset)
        header.types.append((offset, 4))
        offset = _value(content, offset + 4, kind, header)
        header.pairs.append((start, offset))
    for _ in range(tensor_count):
        start, offset = offset, _string(content, offset, header)
        (dimensions,) = struct.unpack_from("<I", content, offset)
        header.lengths += [(offset, 4), *((offset + 4 + 8 * index, 8) for index in range(dimensions))]
        offset += 4 + 8 * dimensions
        header.types.append((offset, 4))
        header.values.append((offset + 4, 8))
        offset += 12
        header.tensors.append((start, offset))
    header.content = content[:offset]
    return header


def _string(content: bytes, offset: int, header: Header) -> int:
    header.lengths.append((offset, 8))
    return offset + 8 + int(struct.unpack_from("<Q", content, offset)[0])


def _value(content: bytes, offset: int, kind: int, header: Header) -> int:
    if kind == 8:
        return _string(content, offset, header)
    if kind != 9:
        header.values.append((offset, _SIZES[kind]))
        return offset + _SIZES[kind]
    item_kind, length = struct.unpack_from("<IQ", content, offset)
    header.types.append((offset, 4))
    header.lengths.append((offset + 4, 8))
    offset += 12
    if item_kind != 8:
        return offset + _SIZES[item_kind] * int(length)
    ignored = Header(b"", 0)  # a vocabulary has thousands of lengths, the header some dozens
    for index in range(length):
        offset = _string(content, offset, header if index < 3 else ignored)
    return offset


Mutation = Callable[[bytearray, Header, random.Random], None]


def _set_number(content: bytearray, place: tuple[int, int], number: int) -> None:
    offset, size = place
    content[offset : offset + size] = (number % 2 ** (8 * size)).to_bytes(size, "little")


def _flip_bits(content: bytearray, header: Header, luck: random.Random) -> None:
    for _ in range(luck.choice((1, 1, 2, 8, 64))):
        content[luck.randrange(len(content))] ^= 1 << luck.randrange(8)


def _set_bytes(content: bytearray, header: Header, luck: random.Random) -> None:
    start = luck.randrange(len(content))
    for place in range(start, min(start + luck.choice((1, 4, 8, 100)), len(content))):
        content[place] = luck.choice(_BYTES)


def _truncate(content: bytearray, header: Header, luck: random.Random) -> None:
    del content[luck.randrange(len(content)) :]


def _insert(content: bytearray, header: Header, luck: random.Random) -> None:
    place = luck.choice((luck.randrange(len(content)), luck.choice(header.pairs)[0]))
    content[place:place] = luck.randbytes(luck.choice((1, 3, 8, 24, 5000)))


def _delete(content: bytearray, header: Header, luck: random.Random) -> None:
    start = luck.randrange(len(content))
    del content[start : start + luck.choice((1, 4, 8, 100))]


def _extreme_length(content: bytearray, header: Header, luck: random.Random) -> None:
    _set_number(content, luck.choice(header.lengths), luck.choice(_EXTREMES))


def _near_length(content: bytearray, header: Header, luck: random.Random) -> None:
    offset, size = luck.choice(header.lengths)
    now = int.from_bytes(content[offset : offset + size], "little")
    _set_number(content, (offset, size), now + luck.choice((-9, -1, 1, 2, 9, 1000)))


def _extreme_value(content: bytearray, header: Header, luck: random.Random) -> None:
    place = luck.choice(header.values)
    _set_number(content, place, luck.choice((*_EXTREMES, 0x7FC0_0000, 0xFF80_0000, luck.getrandbits(64))))


def _other_type(content: bytearray, header: Header, luck: random.Random) -> None:
    _set_number(content, luck.choice(header.types), luck.choice(_TYPES))


def _repeat(content: bytearray, header: Header, luck: random.Random) -> None:
    """A fact or a tensor twice, mostly with the count that goes with it."""
    of_pairs = luck.random() < 0.7
    start, end = luck.choice(header.pairs if of_pairs else header.tensors)
    times = luck.choice((1, 1, 2, 50))
    content[end:end] = bytes(content[start:end]) * times
    if luck.random() < 0.8:
        place = 16 if of_pairs else 8
        count = int.from_bytes(content[place : place + 8], "little")
        _set_number(content, (place, 8), count + times)


def _swap(content: bytearray, header: Header, luck: random.Random) -> None:
    first, second = sorted(luck.sample(header.pairs, 2))
    content[first[0] : second[1]] = (
        content[second[0] : second[1]] + content[first[1] : second[0]] + content[first[0] : first[1]]
    )


def _splice(content: bytearray, header: Header, luck: random.Random) -> None:
    start, place = luck.randrange(len(content)), luck.randrange(len(content))
    piece = content[start : start + luck.choice((4, 8, 16, 200))]
    content[place : place + len(piece)] = piece


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _set_bytes,
    _truncate,
    _insert,
    _delete,
    _extreme_length,
    _extreme_length,
    _near_length,
    _extreme_value,
    _extreme_value,
    _other_type,
    _other_type,
    _repeat,
    _swap,
    _splice,
)


def mutate(header: Header, luck: random.Random) -> bytes:
    """One to three mutations. Those after the first may hit something else than they mean."""
    content = bytearray(header.content)
    for _ in range(luck.choice((1, 1, 1, 2, 3))):
        if len(content) > 64:
            luck.choice(MUTATIONS)(content, header, luck)
    return bytes(content)


def write_spoilt(path: Path, header: Header, content: bytes, luck: random.Random) -> None:
    """Write a spoilt header and, behind it, a hole as long as the data were: it takes no room on the disk."""
    with path.open("wb") as file:
        file.write(content)
        data_bytes = header.file_bytes - len(header.content)
        is_whole = len(content) >= len(header.content) and luck.random() < 0.9
        file.truncate(len(content) + (data_bytes if is_whole else 0))

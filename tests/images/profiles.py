"""Handmade colour profiles in the format of ICC.1:2022."""

from __future__ import annotations

import struct

import numpy as np


def icc(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a colour profile of version 2."""
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += name + struct.pack(">LL", place + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(">L4sL4s4s4s", place + len(body), b"", 0x02100000, kind, space, connection)
    header = header.ljust(36, b"\0") + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">L", len(tags)) + table + body


def fixed(*values: float) -> bytes:
    """Encode numbers as s15Fixed16Number, the fixed-point format of ICC profiles."""
    return b"".join(struct.pack(">l", round(value * 65536)) for value in values)


def curve(gamma: float) -> bytes:
    """Return the tag of a tone curve with the given gamma."""
    return b"curv" + struct.pack(">LLH", 0, 1, round(gamma * 256)) + bytes(2)


# Display P3 with its primaries adapted to D50 and a plain gamma.
P3 = np.array([[0.5151, 0.2412, -0.0011], [0.2920, 0.6922, 0.0419], [0.1571, 0.0666, 0.7841]])
P3_ICC = icc(
    b"RGB ",
    b"XYZ ",
    {
        **{
            name + b"XYZ": b"XYZ \0\0\0\0" + fixed(*row)
            for name, row in zip((b"r", b"g", b"b"), P3, strict=True)
        },
        **{name + b"TRC": curve(2.2) for name in (b"r", b"g", b"b")},
    },
)

# sRGB's primaries adapted to D50.
SRGB = np.array([[0.4361, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7141]])
GREY_ICC = icc(b"GRAY", b"XYZ ", {b"kTRC": curve(1.0)})
#: Lab table of a printer whose inks are all grey: the lightness falls with the number of inks.
INKS = bytes(
    value for inks in range(16) for value in (round(255 * (1 - inks.bit_count() / 4)), 128, 128)
)
LINEAR = bytes(range(256))
CMYK_ICC = icc(
    b"CMYK",
    b"Lab ",
    {
        b"A2B0": b"mft1\0\0\0\0\4\3\2\0"
        + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
        + LINEAR * 4
        + INKS
        + LINEAR * 3
    },
)

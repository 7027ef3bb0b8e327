"""The messages between a check and the attempt's process, over two pipes.

A message is a length, a line of JSON, then the bytes of the tensors in it: any dtype that torch
has, and no code (unpickling an attempt's message would run code).
"""

import json
import os
import struct

import torch
from torch import Tensor

LARGEST_ANSWER = 16 << 20  # bytes
MOST_TENSORS = 1000
# errors that reading a forged message may raise
NO_MESSAGE = (ValueError, TypeError, KeyError, AttributeError, RuntimeError)


def pack(message: dict[str, object]) -> bytes:
    """Return a message as bytes; its values are JSON's types and tensors."""
    blobs: list[bytes] = []

    def placeholder(x: Tensor) -> dict[str, object]:
        # a clone, because a single entry counts as contiguous whatever its stride
        flat = x.detach().reshape(-1).clone(memory_format=torch.contiguous_format)
        blobs.append(flat.view(torch.uint8).numpy().tobytes())
        return {"dtype": str(x.dtype), "shape": list(x.shape), "bytes": len(blobs[-1])}

    body = json.dumps(message, default=placeholder).encode() + b"\n" + b"".join(blobs)
    return struct.pack(">I", len(body)) + body


def unpack(body: bytes) -> dict[str, object]:
    """Return the fields of a message, without its length.

    Raises:
        one of NO_MESSAGE: if it isn't a message.
    """
    line, _, rest = body.partition(b"\n")
    start = count = 0

    def tensor(found: dict[str, object]) -> object:
        nonlocal start, count
        if found.keys() != {"dtype", "shape", "bytes"}:
            return found
        count += 1
        # the sender may ask for bytes that don't exist, or for the same ones many times
        if count > MOST_TENSORS or not 0 <= found["bytes"] <= len(rest) - start:
            raise ValueError("tensors that were not sent")
        blob = bytearray(rest[start : start + found["bytes"]])
        start += found["bytes"]
        dtype = getattr(torch, str(found["dtype"]).removeprefix("torch."))
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"{found['dtype']} isn't a dtype")
        # frombuffer doesn't accept an empty buffer
        flat = torch.frombuffer(blob, dtype=torch.uint8) if blob else torch.empty(0).byte()
        return flat.view(dtype).reshape(found["shape"])

    return json.loads(line, object_hook=tensor)


def write(fd: int, message: bytes) -> None:
    """Write all of a message."""
    view = memoryview(message)
    while view:
        view = view[os.write(fd, view) :]


def read(fd: int, largest: int = 1 << 32) -> bytes:
    """Return the next message, without its length; b"" if there are no more.

    Raises:
        ValueError: if it is larger than `largest`.
    """
    header = _read_exactly(fd, 4)
    if not header:
        return b""
    size = struct.unpack(">I", header)[0]
    if size > largest:
        raise ValueError(f"returned {size >> 20} MB")
    return _read_exactly(fd, size)


def _read_exactly(fd: int, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = os.read(fd, min(count - len(parts), 1 << 20))
        if not part:
            return b""
        parts += part
    return bytes(parts)

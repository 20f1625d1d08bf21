"""Read the tensors of a `.pth` file without torch and without running anything that is in it.

A `.pth` of the old kind is five pickles (magic number, protocol, system, tensors, order of the storages),
then each storage as its length (int64) and its numbers. A pickle can call any function: this reader knows two
names and refuses every other.
"""

import collections
import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class UnsafeWeights(ValueError):
    """The file holds something other than plain tensors."""


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class _State(collections.OrderedDict[str, _Tensor]):
    """torch leaves a `_metadata` attribute on its dictionaries: it is dropped."""

    def __setstate__(self, state: object) -> None:
        pass


def _make_tensor(
    storage: object, offset: int, shape: Sequence[int], stride: Sequence[int], *_unused: object
) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise UnsafeWeights("a tensor without a storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, stride)))


class _TensorsOnly(pickle.Unpickler):  # the base of a restricted reader, not a general one
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _State
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _make_tensor
        if module == "torch" and name in _DTYPES:
            return name
        raise UnsafeWeights(f"the file asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", str(dtype), str(key), str(), int(count), None) if dtype in _DTYPES:
                return _Storage(key, _DTYPES[dtype], count)
        raise UnsafeWeights("the file holds an unknown kind of storage")


def read_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """All tensors by name, in the file's order. Raises UnsafeWeights."""
    try:
        return _read(io.BytesIO(data))
    except UnsafeWeights:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise UnsafeWeights("the file is not a list of tensors") from error


def _read(stream: io.BytesIO) -> dict[str, NDArray[Any]]:
    magic, protocol, system, state, keys = (_TensorsOnly(stream).load() for _ in range(5))
    if (
        magic != _MAGIC
        or protocol != _PROTOCOL
        or not isinstance(state, _State)
        or not system["little_endian"]
    ):
        raise UnsafeWeights("the file is not a list of tensors")
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in state.values()}
    storages = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little")
        dtype = np.dtype(dtypes[key])
        storages[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype=dtype, count=count)
    return {name: _view(tensor, storages[tensor.storage.key]) for name, tensor in state.items()}


def _view(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    size = int(np.prod(tensor.shape, dtype=np.int64))
    contiguous = tuple(
        int(np.prod(tensor.shape[axis + 1 :], dtype=np.int64)) for axis in range(len(tensor.shape))
    )
    if tensor.stride != contiguous or tensor.offset < 0 or tensor.offset + size > storage.size:
        raise UnsafeWeights("a tensor lies outside its storage")
    return storage[tensor.offset : tensor.offset + size].reshape(tensor.shape)

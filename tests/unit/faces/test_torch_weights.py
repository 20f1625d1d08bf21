"""A `.pth` may hold tensors and nothing else."""

import collections
import io
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifeye_oidc.faces.models.torch_weights import UnsafeWeights, read_tensors

MAGIC = 0x1950A86A20F9469CFC6C


class Calls:
    """A pickle that calls a function when it is loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._made = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self._made


def weights(state: Any) -> bytes:
    stream = io.BytesIO()
    parts: tuple[Any, ...] = (MAGIC, 1001, {"little_endian": True}, state, [])
    for part in parts:
        pickle.dump(part, stream, protocol=2)
    return stream.getvalue()


def test_a_pickle_that_calls_something_is_refused_before_it_does(tmp_path: Path) -> None:
    target = tmp_path / "called"
    with pytest.raises(UnsafeWeights, match="mkdir"):
        read_tensors(weights(Calls(os.mkdir, str(target))))
    assert not target.exists()


@pytest.mark.parametrize("function", [eval, getattr, pickle.loads, collections.Counter])
def test_no_other_name_is_known(function: Any) -> None:
    with pytest.raises(UnsafeWeights, match="asks for"):
        read_tensors(weights(Calls(function, "x")))


@pytest.mark.parametrize("state", [None, [], {"a": 1}, collections.OrderedDict(a=1)])
def test_a_state_without_tensors_is_refused(state: Any) -> None:
    with pytest.raises(UnsafeWeights):
        read_tensors(weights(state))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UnsafeWeights):
        read_tensors(data)

import os
import struct

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from unsung.artifacts import (
    csr_from_arrays,
    csr_to_arrays,
    read_arrays,
    read_json,
    read_table,
    write_arrays,
    write_json,
    write_table,
)
from unsung.errors import BundleError

DTYPES = st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.int8, np.uint8, np.bool_])


@given(arrays=st.dictionaries(st.text(min_size=1, max_size=8), npst.arrays(DTYPES, (3, 2))))
def test_arrays_come_back_as_written(tmp_path_factory, arrays):
    arrays.pop("__metadata__", None)
    path = tmp_path_factory.mktemp("arrays") / "a.safetensors"
    write_arrays(path, arrays)
    found = read_arrays(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_transposed_array_keeps_its_meaning(tmp_path):
    turned = np.arange(6, dtype=np.float32).reshape(2, 3).T
    write_arrays(tmp_path / "a", {"turned": turned, "strided": np.arange(9)[::2]})
    found = read_arrays(tmp_path / "a")
    np.testing.assert_array_equal(found["turned"], turned)
    np.testing.assert_array_equal(found["strided"], [0, 2, 4, 6, 8])


def test_equal_arrays_give_equal_bytes_whatever_their_order(tmp_path):
    a, b = np.arange(3), np.ones((2, 2))
    write_arrays(tmp_path / "1", {"a": a, "b": b})
    write_arrays(tmp_path / "2", {"b": b, "a": a})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_trailing_bytes_and_cuts_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    write_arrays(path, {"a": np.arange(5)})
    whole = path.read_bytes()
    for damaged in (whole + b"\0", whole[:-1], whole[:20], whole[:5], b""):
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match=r"a\.safetensors"):
            read_arrays(path)


def test_a_header_over_a_megabyte_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "bomb.safetensors"
    header = b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'.ljust(1_000_001)
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(BundleError, match="header of 1000001 bytes"):
        read_arrays(path)


def test_text_is_no_array(tmp_path):
    with pytest.raises(Exception, match=r"(?i)dtype|str"):
        write_arrays(tmp_path / "a", {"names": np.array(["x"], dtype=object)})
    assert list(tmp_path.iterdir()) == []


def test_csr_comes_back(tmp_path, rng):
    matrix = sp.csr_array(sp.random_array((7, 5), density=0.3, rng=rng, dtype=np.float32))
    write_arrays(tmp_path / "m", csr_to_arrays("weights", matrix))
    found = csr_from_arrays("weights", read_arrays(tmp_path / "m"))
    assert found.shape == (7, 5)
    assert found.dtype == np.float32
    assert (found != matrix).nnz == 0


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("indices", np.array([0, 9])),
        ("indices", np.array([0, -1])),
        ("indptr", np.array([0, 3])),
        ("indptr", np.array([0, 1, 2])),
        ("shape", np.array([1])),
        ("data", np.array([1.0])),
    ],
)
def test_a_csr_whose_parts_do_not_fit_is_refused(part, value):
    arrays = csr_to_arrays("m", sp.csr_array(np.array([[1.0, 2.0]])))
    csr_from_arrays("m", arrays)
    with pytest.raises(BundleError, match="'m'"):
        csr_from_arrays("m", {**arrays, f"m.{part}": value})


def test_a_csr_without_a_part_is_refused():
    with pytest.raises(BundleError, match=r"m\.data"):
        csr_from_arrays("m", {})


def test_tables_come_back(tmp_path):
    frame = pd.DataFrame(
        {
            "item_id": pd.Series(["a", None, "茶"], dtype="str"),
            "price": [1.5, np.nan, 3.0],
            "n": np.array([1, 2, 3], dtype=np.int32),
        },
        index=[5, 6, 7],
    )
    write_table(tmp_path / "t=1.parquet", frame)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "t=1.parquet"), frame.reset_index(drop=True)
    )


def test_a_broken_table_is_named(tmp_path):
    (tmp_path / "items.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(BundleError, match=r"items\.parquet"):
        read_table(tmp_path / "items.parquet")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=8,
)


@given(value=JSON)
def test_json_comes_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "v.json"
    write_json(path, value)
    assert read_json(path) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": -float("inf")}]])
def test_json_with_nan_is_not_written(tmp_path, value):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "v.json", value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "1e999", "{", "", "[" * 100_000, "\xff"])
def test_json_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "v.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"v\.json is not valid JSON"):
        read_json(tmp_path / "v.json")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_json(tmp_path / "v.json", 1)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(tmp_path / "v.json", 2)
    assert read_json(tmp_path / "v.json") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["v.json"]

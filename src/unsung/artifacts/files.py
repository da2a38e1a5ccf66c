"""One file each: arrays, tables and JSON, written whole or not at all; never a pickle."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import scipy.sparse as sp
from safetensors import SafetensorError

from unsung.errors import BundleError

MAX_HEADER_BYTES: Final = 1_000_000
"""Largest safetensors header that is parsed."""

Arrays = dict[str, np.ndarray]


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as safetensors; equal arrays give equal bytes.

    Parameters
    ----------
    path : Path
    arrays : mapping of str to ndarray
        Of numbers or flags, any shape.
    """
    plain = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    with replacing(path) as draft:
        safetensors.numpy.save_file(plain, draft)


def read_arrays(path: Path) -> Arrays:
    """Read what ``write_arrays`` wrote.

    Raises
    ------
    BundleError
        Where the header is larger than 1 MB or the file doesn't end where its header says.
    """
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
    if header_bytes > MAX_HEADER_BYTES:
        refuse(path, f"has a header of {header_bytes} bytes (at most {MAX_HEADER_BYTES})")
    try:
        # Checks before it makes an array that the tensors fill the file to its last byte.
        return dict(safetensors.numpy.load_file(path))
    except (SafetensorError, KeyError, ValueError) as error:
        refuse(path, f"is not valid safetensors ({error})")


def csr_to_arrays(name: str, matrix: sp.csr_array) -> Arrays:
    """A sparse matrix as arrays ``name.data``, ``.indices``, ``.indptr`` and ``.shape``."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices,
        f"{name}.indptr": matrix.indptr,
        f"{name}.shape": np.array(matrix.shape, dtype=np.int64),
    }


def csr_from_arrays(name: str, arrays: Mapping[str, np.ndarray]) -> sp.csr_array:
    """The sparse matrix that ``csr_to_arrays`` took apart.

    Returns
    -------
    matrix : csr_array
        Of the dtype and shape that it had.

    Raises
    ------
    BundleError
        Where a part is missing or the parts don't fit together.
    """
    try:
        data, indices, indptr, shape = (
            arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr", "shape")
        )
        matrix = sp.csr_array((data, indices, indptr), shape=tuple(int(n) for n in shape))
        # Indices out of range would make scipy read memory that isn't the matrix.
        matrix.check_format(full_check=True)
    except KeyError as error:
        raise BundleError(f"array {error} is missing; write the bundle again.") from None
    except (ValueError, TypeError) as error:
        raise BundleError(f"'{name}' is not a sparse matrix ({error}).") from None
    return matrix


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as parquet, without its index."""
    with replacing(path) as draft:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), draft)


def read_table(path: Path) -> pd.DataFrame:
    """Read what ``write_table`` wrote, or raise a BundleError that names the file."""
    try:
        with pq.ParquetFile(path) as file:
            frame: pd.DataFrame = file.read().to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        refuse(path, f"is not valid parquet ({type(error).__name__})")
    return frame


def write_json(path: Path, value: Any) -> None:
    """Write JSON (UTF-8, sorted keys); raises ValueError for NaN and infinity."""
    with replacing(path) as draft:
        draft.write_bytes(to_json(value) + b"\n")


def read_json(path: Path) -> Any:
    """Read JSON, or raise a BundleError that names the file; NaN and infinity are refused."""
    return parse_json(path, path.read_bytes())


def to_json(value: Any) -> bytes:
    """JSON as bytes, indented and with sorted keys; ValueError for NaN and infinity."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True)
    return text.encode()


def parse_json(path: Path, data: bytes) -> Any:
    """Value of JSON read from ``path``, or a BundleError that names it."""

    def finite(text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text} is not a finite number")
        return number

    try:
        return json.loads(data, parse_constant=finite, parse_float=finite)
    except (ValueError, RecursionError) as error:
        refuse(path, f"is not valid JSON: {error}")


def refuse(path: Path, what: str) -> NoReturn:
    """Raise the BundleError of a damaged file."""
    raise BundleError(f"{path} {what}; write the bundle again or restore a copy.") from None


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft beside ``path`` that takes its name when the block ends without an error."""
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        yield draft
        sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

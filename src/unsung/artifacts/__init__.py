"""Bundle files: safetensors, parquet and JSON in folders with checksums; never a pickle."""

from unsung.artifacts.files import (
    Arrays,
    csr_from_arrays,
    csr_to_arrays,
    read_arrays,
    read_json,
    read_table,
    write_arrays,
    write_json,
    write_table,
)
from unsung.artifacts.folder import (
    FORMAT_VERSION,
    Draft,
    FileEntry,
    Folder,
    Manifest,
    check_target,
    open_folder,
    write_folder,
)

__all__ = [
    "FORMAT_VERSION",
    "Arrays",
    "Draft",
    "FileEntry",
    "Folder",
    "Manifest",
    "check_target",
    "csr_from_arrays",
    "csr_to_arrays",
    "open_folder",
    "read_arrays",
    "read_json",
    "read_table",
    "write_arrays",
    "write_folder",
    "write_json",
    "write_table",
]

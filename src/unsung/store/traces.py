"""Whether words stand in a file, searched by a process of its own.

A process that opens and closes a database's file beside SQLite gives up the locks that SQLite
holds on it, so the search must not run in the process of the store.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_PART = 1 << 24


def found_in_file(path: Path, words: Iterable[str]) -> bool:
    """Whether any of the words stands in a file, in UTF-8."""
    command = [sys.executable, "-I", __file__, str(path)]
    asked = json.dumps(list(words)).encode()
    return subprocess.run(command, input=asked, check=True, capture_output=True).stdout == b"yes"


def search(path: Path, words: Iterable[bytes], part: int = _PART) -> bool:
    """Whether any of the words stands in a file that is read in parts."""
    wanted = list(words)
    kept = max((len(word) for word in wanted), default=1) - 1
    with path.open("rb") as file:
        held = b""
        while read := file.read(part):
            held += read
            if any(word in held for word in wanted):
                return True
            held = held[max(0, len(held) - kept) :]
    return False


if __name__ == "__main__":
    found = search(Path(sys.argv[1]), [word.encode() for word in json.load(sys.stdin)])
    sys.stdout.write("yes" if found else "no")

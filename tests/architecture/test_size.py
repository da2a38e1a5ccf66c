"""Files stay short enough to read at a sitting, functions short enough to see at once."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "benchmarks", "docs")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
MAX_FILE_LINES = 400
MAX_BODY_LINES = 60


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function after its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_sizes(file):
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES, "split the file by what its parts are about"
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    long = {f.name: body_lines(f) for f in functions if body_lines(f) > MAX_BODY_LINES}
    assert not long, f"functions with more than {MAX_BODY_LINES} lines: {long}"


def test_a_long_body_is_seen():
    lines = ["def f():", '    """Docs."""', *["    x = 1"] * 61]
    (function,) = ast.parse("\n".join(lines)).body
    assert body_lines(function) == 61

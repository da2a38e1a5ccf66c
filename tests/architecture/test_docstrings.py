"""Docstrings say what goes in and comes out, and name the arguments that there are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString

ROOT = Path(__file__).parents[2]
# What a route says of itself is its text on the API page, where its arguments have texts of theirs.
ROUTES = "service/routes/"
FILES = [
    file for file in sorted((ROOT / "src/unsung").rglob("*.py")) if ROUTES not in file.as_posix()
]
# Described once, where their type is.
KNOWN = {"self", "cls", "rng", "progress"}
# So many arguments a sentence can describe.
ARGUMENTS_WITHOUT_SECTION = 3
ARRAYS = {"np.ndarray", "sp.csr_array"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        name = getattr(child, "name", "_")
        if name.startswith("_") or not isinstance(child, ast.ClassDef | Function):
            continue
        if isinstance(child, ast.ClassDef):
            yield from public_functions(child, f"{prefix}{name}.")
        else:
            yield prefix + name, child


def arguments(function: Function) -> set[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {argument.arg for argument in every if argument is not None} - KNOWN


def says_what_array(function: Function, text: str) -> bool:
    """Whether a function that returns an array says of what, or where that is said."""
    if function.returns is None or ast.unparse(function.returns) not in ARRAYS:
        return True
    opening = text.partition("Parameters\n---")[0]
    return "Returns\n---" in text or bool(
        re.search(r"(ndarray|csr_array) of|(of|as in) ``", opening)
    )


def faults(function: Function) -> list[str]:
    """What a docstring lacks, or says about arguments that don't exist."""
    text = ast.get_docstring(function) or ""
    docs = NumpyDocString(text)
    taken = arguments(function)
    described = {
        name.strip().lstrip("*") for entry in docs["Parameters"] for name in entry.name.split(",")
    }
    found = []
    if described:
        found += [f"describes no '{name}'" for name in sorted(taken - described)]
        found += [
            f"describes '{name}', which is none" for name in sorted(described - taken - KNOWN)
        ]
    elif len(taken) > ARGUMENTS_WITHOUT_SECTION:
        found.append("has no section Parameters")
    # Methods are described where their protocol is.
    if "self" not in [argument.arg for argument in function.args.args]:
        found += [] if says_what_array(function, text) else ["doesn't say what array it returns"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "src")))
def test_public_functions_are_described(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    # The command line describes its arguments in typer's own way.
    if "cli" in file.parts or file.stem.startswith("_"):
        return
    wrong = {name: faults(function) for name, function in public_functions(tree)}
    assert not {name: found for name, found in wrong.items() if found}


def test_a_wrong_name_is_seen():
    docs = "Do.\n\n    Parameters\n    ----------\n    b : int\n    "
    code = f'def f(a: int) -> np.ndarray:\n    """{docs}"""'
    (function,) = ast.parse(code).body
    assert faults(function) == [
        "describes no 'a'",
        "describes 'b', which is none",
        "doesn't say what array it returns",
    ]

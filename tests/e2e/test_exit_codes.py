"""What a shell sees of the command: exit code, stdout and stderr of a process of its own."""

import subprocess
import sys


def called(*words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "unsung", *words]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.returncode, found.stdout, found.stderr


def test_what_works_is_0():
    code, said, complaint = called("--version")
    assert (code, complaint) == (0, "")
    assert said.startswith("unsung 0.")


def test_a_failure_is_1_and_one_line_on_stderr():
    code, said, complaint = called("recommend", "/nonexistent", "--user", "x")
    assert (code, said) == (1, "")
    assert complaint.startswith("unsung: /nonexistent is not a bundle")
    assert complaint.endswith("\n")
    assert complaint.count("\n") == 1


def test_wrong_usage_is_2_and_names_the_word():
    code, said, complaint = called("nonsense")
    assert (code, said) == (2, "")
    assert "'nonsense'" in complaint
    assert "Traceback" not in complaint

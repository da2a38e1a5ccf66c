"""A bucket gives what it holds and refills, to the token, whoever asks."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from unsung.errors import InputError
from unsung.store.rates import forget_buckets, take

NOW = 1_767_225_600_000_000
SECOND = 1_000_000


def test_a_new_bucket_is_full_and_refills(store):
    assert take(store, "k", 3, 5, 2, NOW) == (True, 0.0)
    assert take(store, "k", 2, 5, 2, NOW) == (True, 0.0)
    assert take(store, "k", 1, 5, 2, NOW) == (False, 0.5)
    assert take(store, "k", 1, 5, 2, NOW + SECOND // 4) == (False, 0.25)
    assert take(store, "k", 1, 5, 2, NOW + SECOND // 2) == (True, 0.0)
    assert take(store, "other", 5, 5, 2, NOW) == (True, 0.0)


def test_a_bucket_never_holds_more_than_its_capacity(store):
    take(store, "k", 1, 5, 2, NOW)
    later = NOW + 1000 * SECOND
    assert sum(take(store, "k", 1, 5, 2, later)[0] for _ in range(10)) == 5


def test_a_clock_that_goes_back_refills_nothing(store):
    take(store, "k", 5, 5, 1, NOW)
    assert take(store, "k", 1, 5, 1, NOW - 9 * SECOND) == (False, 1.0)
    assert take(store, "k", 1, 5, 1, NOW + SECOND - 1)[0] is False
    assert take(store, "k", 1, 5, 1, NOW + SECOND) == (True, 0.0)
    assert take(store, "k", 1, 5, 1, NOW - 9 * SECOND)[0] is False


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "numbers", [(0, 5, 1), (6, 5, 1), (1, 5, 0), (1, float("inf"), 1), (float("nan"), 5, 1)]
)
def test_numbers_that_make_no_bucket_are_refused(store, numbers):
    with pytest.raises(InputError, match="0 < cost <= capacity"):
        take(store, "k", *numbers, NOW)


def test_old_buckets_are_forgotten(store):
    take(store, "old", 1, 5, 1, NOW)
    take(store, "new", 1, 5, 1, NOW + 1)
    assert forget_buckets(store, NOW + 1) == 1
    assert take(store, "old", 5, 5, 1, NOW + 1)[0]
    assert not take(store, "new", 5, 5, 1, NOW + 1)[0]


def test_threads_take_each_token_once(store):
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take(store, "k", 1, 50, 0.001, NOW)[0], range(80)))
    assert sum(taken) == 50


TAKER = """
import sys
from unsung.store import open_store
from unsung.store.rates import take
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(sum(take(store, "k", 1, 60, 0.001, int(sys.argv[2]))[0] for _ in range(40)))
"""


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_processes_take_each_token_once(url):
    command = [sys.executable, "-c", TAKER, url, str(NOW)]
    takers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for taker in takers:
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        taker.stdin.write("go\n")
        taker.stdin.flush()
    assert sum(int(taker.communicate()[0]) for taker in takers) == 60

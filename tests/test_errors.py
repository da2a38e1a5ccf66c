import pytest

from unsung.errors import (
    BundleError,
    InputError,
    Location,
    MissingExtraError,
    SettingsError,
    UnsungError,
)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Location("items.csv"), "items.csv"),
        (Location("items.csv", "price"), "items.csv, column 'price'"),
        (Location("items.csv", row=7), "items.csv, row 7"),
        (Location("items.csv", "price", 7), "items.csv, column 'price', row 7"),
    ],
)
def test_a_location_names_what_is_known(where, text):
    assert str(where) == text
    assert str(InputError("is wrong.", at=where)) == f"{text}: is wrong."


def test_an_error_keeps_its_location():
    where = Location("items.csv", "price", 7)
    assert InputError("is wrong.", at=where).at == where
    assert InputError("is wrong.").at is None
    assert str(InputError("is wrong.")) == "is wrong."


def test_what_a_caller_can_cause_is_told_apart_from_failures():
    assert issubclass(SettingsError, InputError)
    assert not issubclass(BundleError, InputError)
    for kind in (InputError, SettingsError, BundleError, MissingExtraError):
        assert issubclass(kind, UnsungError)


def test_a_missing_extra_gives_the_command():
    message = str(MissingExtraError("Fine-tuning", "train"))
    assert message == "Fine-tuning needs the extra [train]: pip install 'unsung[train]'"

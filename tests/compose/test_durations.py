"""Durations as people write and read them."""

import pytest

from compose.durations import in_words, parse_ms
from shared.errors import OperatorError


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("15m", 900_000), ("1h30m", 5_400_000), ("14d", 1_209_600_000), ("250ms", 250)]
)
def test_durations_are_read(text, ms):
    """Numbers with units, put together as people do."""
    assert parse_ms(text) == ms


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "-5m", "15m x", "1y"])
def test_what_is_no_duration_is_refused(text):
    """A bare number has no unit and means nothing."""
    with pytest.raises(OperatorError, match="duration"):
        parse_ms(text)


@pytest.mark.parametrize("text", ["9" * 400 + "d", "3000000d", "2900000d2900000d"])
def test_a_duration_of_thousands_of_years_is_refused(text):
    """Time here ends with the year 9999."""
    with pytest.raises(OperatorError, match="too long a duration"):
        parse_ms(text)


def test_durations_are_written_in_the_units_they_need():
    """One millisecond before fifteen minutes must be visible."""
    assert in_words(899_999) == "14 min 59.999 s"
    assert in_words(900_000) == "15 min"
    assert in_words(0) == "0 s"
    assert in_words(14 * 86_400_000) == "14 d"

"""A moment as pages tell it and as people write it: it is read back as it was, in the hours that the turned clock makes odd too."""

from datetime import UTC, datetime

import pytest

from torni.core.faults import BadInput
from torni.core.language import speaking
from torni.supervision.known_sums import read_moment
from torni.supervision.sentences import moment_text


def test_a_moment_in_that_hour_is_told_apart_and_read_back_as_it_was():
    for written, utc in (
        ("2026-10-25T03:30:00+03:00", "00:30"),
        ("2026-10-25T03:30:00 02:00", "01:30"),
        ("2026-10-25T03:30", "01:30"),
    ):
        assert f"{read_moment(written).astimezone(UTC):%H:%M}" == utc
    first, second = (moment_text(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1))
    assert (first[-7:], second[-7:]) == ("(UTC+3)", "(UTC+2)")
    assert "UTC" not in moment_text(datetime(2026, 10, 25, 2, 30, tzinfo=UTC))
    for absurd in ("9999-12-31", "0001-01-01", "0001-01-01T00:00", "31.2.2026", "3.5.2026 klo 25.00", "3.5. klo 14.30"):
        with pytest.raises(BadInput):
            read_moment(absurd)


@pytest.mark.parametrize("spoken", ["fi", "sv", "en"])
def test_a_moment_is_read_as_a_page_tells_it(spoken):
    """The field of a page holds the moment in the reader's words, in the hour that comes twice too."""
    with speaking(spoken):
        for told in (
            datetime(2026, 5, 3, 11, 5, tzinfo=UTC),
            *(datetime(2026, 10, 25, h, 30, tzinfo=UTC) for h in (0, 1)),
        ):
            assert read_moment(moment_text(told)) == told
    assert read_moment("3.5.2026 9:05") == read_moment("3.5.2026 klo 9.05") == read_moment("2026-05-03T09:05")
    assert read_moment("3.5.2026 klo 9") == read_moment("3.5.2026 at 9") == read_moment("3.5.2026 klo 9.00")
    assert read_moment("3.5.2026") == read_moment("2026-05-03")


def test_an_hour_that_the_clock_skipped_is_refused_and_says_why():
    with speaking("fi"), pytest.raises(BadInput, match="kello siirrettiin eteenpäin"):
        read_moment("29.3.2026 klo 3.30")

"""Numbers and texts as each language writes them."""

import pytest

from torni.core.language import Message, in_order, number, per_cent, speaking, t


@pytest.mark.parametrize(("language", "written"), [("fi", "1\u00a0234,5"), ("sv", "1\u00a0234,5"), ("en", "1,234.5")])
def test_numbers(language, written):
    with speaking(language):
        assert number(1234.5, 1) == written


@pytest.mark.parametrize(
    ("share", "written"), [(0.95, "95.0%"), (0.94999, "94.9%"), (0.99999, "99.9%"), (1.0, "100.0%")]
)
def test_a_share_is_never_rounded_up_to_a_target_that_it_misses(share, written):
    assert per_cent(share) == written


def test_a_message_is_written_when_it_is_read():
    message = Message("Limit {minutes} min", minutes=30)
    assert str(message) == "Limit 30 min"
    with speaking("fi"):
        assert str(message) == "Raja 30 min"
        assert t("empty") == "tyhjä"


def test_an_unknown_language_is_finnish():
    with speaking("xx"):
        assert t("empty") == "tyhjä"


def test_names_stand_in_the_order_of_the_alphabet():
    names = ["Öja", "Äänekoski", "Åbo", "a\u0308htäri", "Zeppelin", "Ikaalinen", "Aavakylä"]
    assert " ".join(sorted(names, key=in_order)) == "Aavakylä Ikaalinen Zeppelin Åbo a\u0308htäri Äänekoski Öja"

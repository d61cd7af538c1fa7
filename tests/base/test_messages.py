import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.base.messages import LOCALES, catalogue, choose, known, text

FR, EN = catalogue("fr"), catalogue("en")


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert list(FR) == list(EN)


@pytest.mark.parametrize("key", sorted(EN))
def test_both_languages_have_the_same_places(key: str) -> None:
    assert places(FR[key]) == places(EN[key])


@pytest.mark.parametrize("locale", LOCALES)
def test_places_are_plain_names_without_attributes_or_formats(locale: str) -> None:
    parts = [part for sentence in catalogue(locale).values() for part in Formatter().parse(sentence)]  # type: ignore[arg-type]
    assert all(
        re.fullmatch(r"[a-z_]+", name) and not spec and not conversion for _, name, spec, conversion in parts if name
    )


@pytest.mark.parametrize("key", sorted(FR))
def test_french_keeps_its_typography(key: str) -> None:
    sentence = FR[key]
    assert not re.search(r"[^\u00a0]:|[^\u202f][;?!]| [:;?!»]|« |'|\"|\.\.\.", sentence)


@pytest.mark.parametrize("key", sorted(EN))
def test_english_has_curly_apostrophes_and_no_french_spaces(key: str) -> None:
    assert not re.search(r"['\"\u00a0\u202f]|\.\.\.", EN[key])


def test_no_sentence_is_the_same_in_both_languages_by_omission() -> None:
    alike = {key for key in EN if EN[key] == FR[key]}
    assert alike == {"dev.code"}


def test_a_sentence_has_its_places_filled_in() -> None:
    assert text("page.continue", "fr", project_name="Carnet") == "Continuer vers Carnet"


def test_braces_in_a_value_stay_what_they_are() -> None:
    assert text("page.continue", "en", project_name="{email}{0.__class__}") == "Continue to {email}{0.__class__}"


def test_a_place_without_a_value_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        text("page.continue", "en")


def test_a_key_that_is_not_there_is_a_mistake() -> None:
    assert not known("page.nowhere")
    with pytest.raises(KeyError):
        text("page.nowhere", "en")


@pytest.mark.parametrize(
    ("preferences", "locale"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr-CA", "fr"),
        ("fr_CA", "fr"),
        ("fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de-DE,de;q=0.9,fr;q=0.4,en;q=0.3", "fr"),
        ("de", "en"),
        ("fr;q=0", "en"),
        ("en;q=0.1, fr ; q=0.2", "fr"),
        ("en,fr", "en"),
        ("fr,en", "fr"),
        ("*", "en"),
        ("french", "en"),
        ("fr;q=nan", "en"),
        ("fr;q=-1", "en"),
        ("fr;level=1", "en"),
        ("../../etc/passwd", "en"),
        ("," * 2000 + "fr", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_most(preferences: str, locale: str) -> None:
    assert choose(preferences) == locale


@given(st.text())
def test_any_preference_gives_a_language(preferences: str) -> None:
    assert choose(preferences) in LOCALES

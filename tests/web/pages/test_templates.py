import re
from importlib import resources

import pytest

TEMPLATES = sorted(
    t.name for t in resources.files("ecrin.web.pages").joinpath("templates").iterdir() if t.name.endswith(".html")
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_hold_no_words_of_their_own(name: str) -> None:
    source = resources.files("ecrin.web.pages").joinpath("templates", name).read_text("utf-8")
    seen = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", " ", source, flags=re.DOTALL)
    assert set(re.findall(r"[^\W\d_]+", seen)) <= {"ecrin", "dev", "UTC"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a28_templates_have_no_script_style_or_handler(name: str) -> None:
    source = resources.files("ecrin.web.pages").joinpath("templates", name).read_text("utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|\|\s*safe|javascript:", source, flags=re.IGNORECASE)


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 4.5),
        ("ink", "sheet", 4.5),
        ("soft", "paper", 4.5),
        ("soft", "sheet", 4.5),
        ("accent", "paper", 4.5),
        ("accent", "sheet", 4.5),
        ("on-accent", "accent", 4.5),
        ("good", "good-wash", 4.5),
        ("bad", "bad-wash", 4.5),
        ("edge", "sheet", 3.0),
        ("edge", "paper", 3.0),
        ("bad", "sheet", 3.0),
    ],
)
def test_colours_keep_wcag_aa(front: str, back: str, least: float, scheme: int) -> None:
    style = resources.files("ecrin.web.pages").joinpath("templates/pages.css").read_text("utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", style.split(":root {")[1 + scheme]))
    lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least

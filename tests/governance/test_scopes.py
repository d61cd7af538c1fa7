"""Scopes: a credential never makes a wider one (A35)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import InvalidRequest, PermissionDenied
from ecrin.governance.callers import INSTANCE, LOCAL, NOBODY, Caller, Kind, Scope, Verb, narrower

PLACES = [
    (INSTANCE, None, None),
    ("notes", None, None),
    ("notes", "org.example.notes", None),
    ("notes", "org.example.notes", "production"),
    ("notes", "org.example.notes", "beta"),
    ("notes", "org.example.other", None),
    ("notes", "org.example.other", "production"),
    ("photos", None, None),
    ("photos", "org.example.notes", None),  # an app's id in a project that it does not belong to
    ("photos", "org.example.photos", "production"),
    ("unheard-of", None, None),
]
EVERYTHING = [Scope(project, verb, app, channel) for project, app, channel in PLACES for verb in Verb]
scopes = st.sampled_from(EVERYTHING)
lists = st.lists(scopes, max_size=4).map(tuple)


def operator(*given: Scope) -> Caller:
    return Caller(Kind.OPERATOR, "operator:1", scopes=given)


@given(scopes)
def test_a_scope_is_read_as_it_is_written(scope: Scope) -> None:
    assert Scope.parse(str(scope)) == scope


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        ":",
        "*:",
        ":read",
        "notes",
        "notes:",
        "notes:admin",
        "notes:READ",
        "NOTES:read",
        "no:read",
        "notes:read ",
        " notes:read",
        "notes:read\n",
        "notes:read,write",
        "notes:*",
        "**:all",
        "1notes:read",
        "notes:read:write",
        "not es:read",
        "notes/../x:read",
        "-notes:read",
        "n" * 41 + ":read",
        "n\u043etes:read",
        "*/org.example.notes:read",
        "notes/:read",
        "notes//production:read",
        "notes/org.example.notes/:read",
        "notes/*:read",
        "notes/org.example.notes/*:read",
        "notes/org.example.notes/production/more:read",
        "notes/org.example.notes:upload,read",
        "notes/.:read",
        "notes/..:read",
        "notes/org.example.notes/..:read",
        "notes/org.example.n\u043etes:read",
        "notes/org.example.notes%2Fproduction:read",
        "notes/" + "a" * 129 + ":read",
        "notes/org.example.notes/" + "c" * 65 + ":read",
    ],
)
def test_a35_any_other_text_is_no_scope(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Scope.parse(text)


@given(scopes, scopes)
def test_a_scope_covers_what_lies_below_its_place_up_to_its_own_verb(one: Scope, other: Scope) -> None:
    above = [part for part in (one.project, one.app, one.channel) if part not in {None, INSTANCE}]
    path = [other.project, other.app, other.channel]
    assert one.covers(other) == (path[: len(above)] == above and one.verb >= other.verb)


@pytest.mark.parametrize(
    ("one", "other", "covered"),
    [
        ("notes:read", "notes/org.example.notes:read", True),
        ("notes/org.example.notes:read", "notes:read", False),
        ("notes/org.example.notes:all", "notes/org.example.notes/beta:write", True),
        ("notes/org.example.notes/beta:all", "notes/org.example.notes:read", False),
        ("notes/org.example.notes/beta:all", "notes/org.example.notes/production:read", False),
        ("notes/org.example.notes:upload", "notes/org.example.notes:write", False),
        ("notes:write", "notes/org.example.notes/beta:upload", True),
        ("photos:all", "notes/org.example.notes:read", False),
        ("photos/org.example.notes:all", "notes/org.example.notes:read", False),
        ("*:upload", "notes/org.example.notes/beta:upload", True),
    ],
)
def test_project_app_and_channel_nest(one: str, other: str, covered: bool) -> None:
    assert Scope.parse(one).covers(Scope.parse(other)) == covered


def test_verbs_grow_from_read_to_all() -> None:
    assert [verb.name for verb in sorted(Verb)] == ["READ", "UPLOAD", "WRITE", "ALL"]


@given(scopes, scopes)
def test_a_scope_reaches_a_place_if_it_covers_it_or_lies_in_it(one: Scope, other: Scope) -> None:
    within = Scope(other.project, Verb.ALL, other.app, other.channel).covers(one)
    assert one.reaches(other) == (one.covers(other) or (within and one.verb >= other.verb))


@pytest.mark.parametrize("place", [("*", "org.example.notes", None), ("notes", None, "production")])
def test_no_scope_has_a_gap(place: tuple[str, str | None, str | None]) -> None:
    with pytest.raises(ValueError, match="belongs"):
        Scope(place[0], Verb.READ, place[1], place[2])


@given(scopes, scopes, scopes)
def test_what_a_covered_scope_covers_is_covered(one: Scope, two: Scope, three: Scope) -> None:
    assert one.covers(one)
    assert not (one.covers(two) and two.covers(three)) or one.covers(three)


@given(lists, lists)
def test_a35_a_child_is_always_a_subset_of_its_parent(held: tuple[Scope, ...], wanted: tuple[Scope, ...]) -> None:
    parent = operator(*held)
    try:
        child = operator(*narrower(wanted, parent))
    except (InvalidRequest, PermissionDenied):
        assert not wanted or not all(parent.may(scope) for scope in wanted)
        return
    assert all(parent.may(scope) for scope in EVERYTHING if child.may(scope))


@given(lists)
def test_a35_an_empty_list_never_means_everything(held: tuple[Scope, ...]) -> None:
    with pytest.raises(InvalidRequest):
        narrower((), operator(*held))
    assert not any(operator().may(scope) for scope in EVERYTHING)


@pytest.mark.parametrize("verb", Verb)
def test_a35_no_number_of_projects_makes_the_instance(verb: Verb) -> None:
    parent = operator(*(Scope(project, Verb.ALL) for project in ("notes", "photos", "unheard-of")))
    with pytest.raises(PermissionDenied):
        narrower((Scope(INSTANCE, verb),), parent)


def test_a35_one_scope_too_wide_refuses_the_whole_list() -> None:
    with pytest.raises(PermissionDenied):
        narrower((Scope("notes", Verb.READ), Scope("photos", Verb.READ)), operator(Scope("notes", Verb.ALL)))


def test_a_refusal_names_what_was_wanted_and_not_what_there_is() -> None:
    with pytest.raises(PermissionDenied, match="scope photos:write"):
        operator(Scope("notes", Verb.ALL)).require(Scope("photos", Verb.WRITE))


@pytest.mark.parametrize(("kind", "privileged"), [(k, k in {Kind.OPERATOR, Kind.SERVICE_ACCOUNT}) for k in Kind])
def test_only_who_proved_more_than_a_name_is_privileged(kind: Kind, privileged: bool) -> None:
    assert Caller(kind, "x").privileged == privileged


def test_nobody_may_nothing_and_the_local_socket_everything() -> None:
    assert not any(NOBODY.may(scope) for scope in EVERYTHING)
    assert all(LOCAL.may(scope) for scope in EVERYTHING)

"""Scopes: a credential never makes a wider one (A35)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import InvalidRequest, PermissionDenied
from ecrin.governance.callers import INSTANCE, LOCAL, NOBODY, Caller, Kind, Scope, Verb, narrower

scopes = st.builds(Scope, st.sampled_from([INSTANCE, "notes", "photos"]), st.sampled_from(Verb))
lists = st.lists(scopes, max_size=4).map(tuple)
EVERYTHING = [Scope(project, verb) for project in (INSTANCE, "notes", "photos", "unheard-of") for verb in Verb]


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
    ],
)
def test_a35_any_other_text_is_no_scope(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Scope.parse(text)


@given(scopes, scopes)
def test_a_scope_covers_its_own_project_up_to_its_own_verb(one: Scope, other: Scope) -> None:
    within = one.project in (INSTANCE, other.project)
    assert one.covers(other) == (within and one.verb.value >= other.verb.value)


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

"""Values for tests of rules: whole and plain, with the one thing changed that a test is about."""

from typing import Any

from ecrin.auth.accounts.model import Account
from ecrin.auth.outofband.model import Code, Purpose
from ecrin.auth.sessions.model import Session
from ecrin.base.clock import DAY, HOUR
from ecrin.governance.projects.model import Project, ProjectSettings
from ecrin.testing.clock import START

NOW = START


def account(**fields: Any) -> Account:
    return Account(**({"project_id": "notes", "id": "ann", "created_at": NOW} | fields))


def session(**fields: Any) -> Session:
    plain: dict[str, Any] = {
        "id": b"s" * 16,
        "project_id": "notes",
        "account_id": "ann",
        "provider": "password",
        "claims": "",
        "auth_time": NOW // 1000,
        "counter": 0,
        "rotations": (),
        "late": False,
        "late_run": 0,
        "created_at": NOW,
        "used_at": NOW,
        "idle_at": NOW + 60 * DAY,
        "expires_at": NOW + 365 * DAY,
    }
    return Session(**(plain | fields))


def project(**settings: Any) -> Project:
    return Project("notes", 100_000_000_001, "Notes", ("key",), NOW, ProjectSettings(**settings))


def code(**fields: Any) -> Code:
    plain: dict[str, Any] = {
        "hash": b"h" * 32,
        "project_id": "notes",
        "account_id": "ann",
        "purpose": Purpose.VERIFY_EMAIL,
        "email": "ann@example.org",
        "new_email": None,
        "continue_url": None,
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return Code(**(plain | fields))

"""What is asked and answered at /api/v1/apps/{app}/stats."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ecrin.updates.stats.service import COLUMNS
from ecrin.web.api.units import Count, Days, Rate, Span, Time

MAX_DAYS = 400
Column = Annotated[str, Meta(extra_json_schema={"enum": list(COLUMNS)})]
From = Annotated[Time, Meta(description="Milliseconds since 1970-01-01T00:00:00Z; unsaid, 60 steps before the end.")]
Until = Annotated[Time, Meta(description="Milliseconds since 1970-01-01T00:00:00Z, not included; unsaid, now.")]
Period = Annotated[int, Meta(ge=1, le=MAX_DAYS, description="Days to look back.")]


class DaysQuery(msgspec.Struct):
    """How far to look back."""

    days: Period = 30


class ActiveDay(msgspec.Struct):
    """How many devices were there on a day."""

    at: Time
    devices: Count


class VersionShown(msgspec.Struct):
    """What became of a version, in devices; `downloads` and `offers` are events."""

    version: str
    attempts: Annotated[Count, Meta(description="Devices that installed it or failed to.")]
    installs: Count
    failures: Annotated[Count, Meta(description="Devices that failed with it, or never got it.")]
    success_rate: Annotated[Rate | None, Meta(description="The share of attempts without a failure; null without one.")]
    downloads: Count
    offers: Count


class Summary(msgspec.Struct):
    """What became of each version, and how many devices were there."""

    days: Days
    active_devices: Count
    active_by_day: list[ActiveDay]
    versions: list[VersionShown]


class SeriesQuery(msgspec.Struct):
    """Which counts are wanted."""

    step: Literal["minute", "hour", "day"] = "hour"
    by: Column = "action"
    start: From | UnsetType = msgspec.field(name="from", default=UNSET)
    end: Until | UnsetType = msgspec.field(name="to", default=UNSET)
    action: str = ""
    version: str = ""
    platform: str = ""
    channel: str = ""


class Point(msgspec.Struct, kw_only=True):
    """A count in the step that begins at `at`, of what the member says that is named as `by` of the series."""

    at: Time
    count: Count
    action: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET


class Series(msgspec.Struct):
    """Counts by time."""

    step: Annotated[Span, Meta(description="Milliseconds: how long a step is.")]
    by: Column
    start: Time = msgspec.field(name="from")
    end: Time = msgspec.field(name="to")
    points: list[Point]


class AdoptionQuery(msgspec.Struct):
    """Which version is looked at, and on which platform (empty: on all)."""

    version: str
    platform: str = ""


class CurvePoint(msgspec.Struct):
    """How many devices had the version at the end of the step that begins at `at`."""

    at: Time
    devices: Count


class AdoptionShown(msgspec.Struct):
    """How a version spread; `started_at` is null where nobody installed it."""

    version: str
    started_at: Time | None
    active_devices: Count
    installed: Count
    milliseconds_to_percent: Annotated[
        dict[str, Span | None],
        Meta(description="After how long 50, 90 and 95 percent of the active devices had it; null: they have not."),
    ]
    curve: list[CurvePoint]


class FailureQuery(DaysQuery):
    """How far to look back, and at which version (empty: at all)."""

    version: str = ""


class Failure(msgspec.Struct):
    """Why a version failed, and how often that was said."""

    version: str
    reason: Annotated[str, Meta(description="The action that devices reported.")]
    platform: str
    events: Count
    crash: Annotated[bool, Meta(description="Whether the app broke down.")]
    blames_bundle: Annotated[bool, Meta(description="Whether it counts for the automatic halt.")]


class FailureList(msgspec.Struct):
    """Why versions failed, the most frequent first."""

    days: Days
    failures: list[Failure]

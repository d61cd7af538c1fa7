"""What numbers and words of replies mean, for the description: generated clients show it where they are used."""

from typing import Annotated, Any

from msgspec import Meta

_LONG: dict[str, Any] = {"format": "int64"}  # a client in a language with 32-bit integers must not take one

Time = Annotated[int, Meta(description="Milliseconds since 1970-01-01T00:00:00Z.", extra_json_schema=_LONG)]
Span = Annotated[int, Meta(description="Milliseconds.", extra_json_schema=_LONG)]
Size = Annotated[int, Meta(description="Bytes.", extra_json_schema=_LONG)]
Count = Annotated[int, Meta(description="A number of events or devices.", extra_json_schema=_LONG)]
Days = Annotated[int, Meta(description="Days.")]
Minutes = Annotated[int, Meta(description="Minutes.")]
Percent = Annotated[float, Meta(description="Percent of devices, with two decimals.")]
BasisPoints = Annotated[int, Meta(description="Hundredths of a percent: 10000 is all.")]
Rate = Annotated[float, Meta(description="A share from 0 to 1.")]
Version = Annotated[str, Meta(description="A bundle's version, or `builtin` for what the store delivered.")]

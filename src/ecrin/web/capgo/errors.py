"""Hard refusals of this surface: the request itself is wrong (protocol sheet §1). Codes go out in lower case."""

from ecrin.errors import InvalidRequest, TooManyRequests


class MissingDeviceId(InvalidRequest):
    """The request names no device."""

    code = "MISSING_DEVICE_ID"
    hint = "Send `device_id`, a UUID that the app keeps."


class MissingAppId(InvalidRequest):
    """The request names no app."""

    code = "MISSING_APP_ID"
    hint = "Send `app_id`, the id of the app in its store."


class InvalidJsonParseBody(InvalidRequest):
    """The body is not JSON."""

    code = "INVALID_JSON_PARSE_BODY"
    hint = "Send a JSON object in UTF-8."


class InvalidJsonBody(InvalidRequest):
    """The body has a member of the wrong type or form."""

    code = "INVALID_JSON_BODY"
    hint = "The message names the member; compare it with what the plugin sends."


class InvalidQueryParameters(InvalidRequest):
    """The query has a parameter that is missing or of the wrong form."""

    code = "INVALID_QUERY_PARAMETERS"
    hint = "The message names the parameter; compare it with what the plugin sends."


class NoChannelForDevice(InvalidRequest):
    """No channel serves this device."""

    code = "NO_CHANNEL_FOR_DEVICE"
    hint = "Make a channel public, or let devices choose it: ecrin channel set."


class TooManyChoices(TooManyRequests):
    """Too many devices of this network changed their channel in this minute."""

    code = "TOO_MANY_CHOICES"
    hint = "Wait for the time that Retry-After names."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after  # seconds

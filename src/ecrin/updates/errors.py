"""What can be refused about apps, bundles, channels and rollouts."""

from ecrin.errors import InvalidRequest, NotFound, TooManyRequests


class InvalidAppId(InvalidRequest):
    """The app id is not a reverse domain name."""

    code = "INVALID_APP_ID"
    hint = "Use the id of the app in its store, such as com.example.notes."


class AppExists(InvalidRequest):
    """The app id is taken."""

    code = "APP_EXISTS"
    status = 409
    hint = "App ids are unique in an instance; use the one that is there, or another id."


class AppNotFound(NotFound):
    """There is no such app."""

    code = "APP_NOT_FOUND"
    hint = "`ecrin app list` shows the apps that you may see; `ecrin app create APP_ID` makes one."


class InvalidVersion(InvalidRequest):
    """The version is not a semantic version."""

    code = "INVALID_VERSION"
    hint = "Write MAJOR.MINOR.PATCH, such as 1.4.2 (semver.org)."


class BundleExists(InvalidRequest):
    """The version was published already."""

    code = "BUNDLE_EXISTS"
    status = 409
    hint = "A version is never replaced: publish under a new one, or pass --version-exists-ok."


class BundleNotFound(NotFound):
    """There is no such bundle."""

    code = "BUNDLE_NOT_FOUND"
    hint = "`ecrin bundle list --app APP_ID` shows the versions that are there."


class BundleInUse(InvalidRequest):
    """The bundle is still named by a channel or a rollout."""

    code = "BUNDLE_IN_USE"
    status = 409
    hint = "Point the channel at another version first."


class InvalidBundle(InvalidRequest):
    """The bundle is not one that devices could install."""

    code = "INVALID_BUNDLE"
    hint = "Build it again with `ecrin push`; the message says what is wrong."


class ObjectsMissing(InvalidRequest):
    """Files of the bundle have not been uploaded."""

    code = "OBJECTS_MISSING"
    status = 409
    hint = "Push again: only what is missing is sent."


class InvalidChannelName(InvalidRequest):
    """The channel name is not allowed."""

    code = "INVALID_CHANNEL_NAME"
    hint = "Use up to 64 letters, digits, dots, dashes and underscores."


class ChannelExists(InvalidRequest):
    """There is a channel of that name."""

    code = "CHANNEL_EXISTS"
    status = 409
    hint = "Change the one that is there, or choose another name."


class ChannelNotFound(NotFound):
    """There is no such channel."""

    code = "CHANNEL_NOT_FOUND"
    hint = "`ecrin channel list --app APP_ID` shows them; --create-channel makes one."


class DeviceHeld(InvalidRequest):
    """An operator put the device on a channel."""

    code = "DEVICE_HELD"
    status = 409
    hint = "`ecrin device` shows where it was put; only operators can take it off again."


class RolloutUnderWay(InvalidRequest):
    """A rollout of this channel is under way."""

    code = "ROLLOUT_UNDER_WAY"
    status = 409
    hint = "End it first: `ecrin rollout promote CHANNEL` or `ecrin rollout rollback CHANNEL`."


class NoRollout(NotFound):
    """No rollout of this channel is under way."""

    code = "NO_ROLLOUT"
    hint = "Start one: ecrin rollout start."


class InvalidRollout(InvalidRequest):
    """The rollout cannot be as it was asked for."""

    code = "INVALID_ROLLOUT"
    hint = "A share is 0 to 100 percent and only grows; the message says what is wrong."


class OverQuota(TooManyRequests):
    """The app has used up its quota of events for this minute."""

    code = "OVER_QUOTA"
    hint = "Wait for the next minute, or raise `stats_per_minute` of the app."

    def __init__(self, detail: str | None = None, *, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after  # seconds

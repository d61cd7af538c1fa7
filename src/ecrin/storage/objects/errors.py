"""What can be refused about objects."""

from ecrin.errors import InvalidRequest


class ObjectMismatch(InvalidRequest):
    """The bytes are not what their name says."""

    code = "OBJECT_MISMATCH"
    hint = "Send the object again; its name is the SHA-256 of its bytes."

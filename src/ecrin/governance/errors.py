"""The refusals of projects and credentials."""

from ecrin.errors import Refused


class ProjectNotFound(Refused):
    """There is no such project."""

    code = "PROJECT_NOT_FOUND"
    hint = "Check the id; `ecrin project list` shows them."


class InvalidProjectId(Refused):
    """This is not a project id."""

    code = "INVALID_PROJECT_ID"
    hint = "Use 3 to 40 lower-case letters, digits and hyphens, a letter first."


class ProjectExists(Refused):
    """There is a project with this id already."""

    code = "PROJECT_EXISTS"
    hint = "Choose another id."


class InvalidApiKey(Refused):
    """The API key is not one of this instance's."""

    code = "API_KEY_INVALID"
    hint = "`ecrin project show ID` prints the project's key."

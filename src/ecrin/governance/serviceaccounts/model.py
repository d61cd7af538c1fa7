"""The public half of a service account key, and the file that carries the private half to its owner."""

from dataclasses import dataclass

from ecrin.base.clock import HOUR, Instant

TOKEN_PATH = "/oauth2.googleapis.com/token"  # noqa: S105
ACCESS_TOKEN_LIFETIME = HOUR
MAX_ASSERTION_LIFETIME = HOUR


@dataclass(frozen=True, slots=True)
class ServiceAccountKey:
    """One key of a project's service account; `public` is SPKI DER."""

    id: str
    project_id: str
    email: str
    public: bytes
    created_at: Instant
    revoked_at: Instant | None = None


def email_of(project_id: str) -> str:
    """Return the address that names a project's service account; no mail is ever sent to it."""
    return f"firebase-adminsdk@{project_id}.iam.gserviceaccount.com"


def key_file(key: ServiceAccountKey, private_pem: str, public_url: str) -> dict[str, str]:
    """Return the Firebase-shaped JSON that the Admin SDKs read; `token_uri` is ours."""
    return {
        "type": "service_account",
        "project_id": key.project_id,
        "private_key_id": key.id,
        "private_key": private_pem,
        "client_email": key.email,
        "client_id": str(int(key.id[:15], 16)),
        "auth_uri": f"{public_url}/o/oauth2/auth",
        "token_uri": f"{public_url}{TOKEN_PATH}",
        "universe_domain": "googleapis.com",
    }

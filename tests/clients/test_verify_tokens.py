"""Tokens of `ecrin serve` before unmodified verifiers: firebase-admin outside emulator mode, google-auth, PyJWT.

Sources: RFC 7515 (signatures), RFC 7517 (JWKS), RFC 7523 (service accounts), and the Firebase wire protocol,
reference §6.3: three key documents at the paths that Google's hosts have.
"""

import base64
import datetime
import json
import secrets
from collections.abc import Iterator
from typing import Any

import firebase_admin
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from firebase_admin import _token_gen, _user_mgt, auth, credentials
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from jwt.exceptions import InvalidSignatureError, PyJWKClientError

ID_TOKEN_CERTS = ("www.googleapis.com", "/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com")
ID_TOKEN_JWKS = ("www.googleapis.com", "/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com")
COOKIE_CERTS = ("www.googleapis.com", "/identitytoolkit/v3/relyingparty/publicKeys")
COOKIE_JWKS = ("identitytoolkit.googleapis.com", "/v1/sessionCookiePublicKeys")
SCOPES = ["https://www.googleapis.com/auth/identitytoolkit"]


def address(server: Any, document: tuple[str, str]) -> str:
    host, path = document
    return f"{server.origin}/{host}{path}"


def rest(server: Any, call: str, bearer: str | None = None, **body: Any) -> httpx.Response:
    url = f"{server.origin}/identitytoolkit.googleapis.com/v1/{call}"
    if bearer is None:
        return httpx.post(url, params={"key": server.api_key}, json=body)
    return httpx.post(url, headers={"authorization": f"Bearer {bearer}"}, json=body)


def new_user(server: Any) -> dict[str, Any]:
    return server.sign_up(email=f"{secrets.token_hex(8)}@example.com", password=secrets.token_hex(8))


def session_cookie(server: Any, id_token: str) -> str:
    call = f"projects/{server.project}:createSessionCookie"
    reply = rest(server, call, server.admin_token, idToken=id_token, validDuration="300")
    return reply.json()["sessionCookie"]


def encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def corrupt(token: str) -> str:
    """The first character of the signature changed: the last one holds bits that may not count."""
    body, _, signature = token.rpartition(".")
    return f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def unsigned(token: str, **header: str) -> str:
    """The same claims with algorithm none and an empty signature, as the emulator issues them."""
    return f"{encode({'alg': 'none', 'typ': 'JWT', **header})}.{token.split('.')[1]}."


@pytest.fixture
def app(strict_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    """The Python Admin SDK, whose key addresses are private constants read when its client is built."""
    monkeypatch.delenv("FIREBASE_AUTH_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(_token_gen, "ID_TOKEN_CERT_URI", address(strict_server, ID_TOKEN_CERTS))
    monkeypatch.setattr(_token_gen, "COOKIE_CERT_URI", address(strict_server, COOKIE_CERTS))
    certificate = credentials.Certificate(strict_server.service_account)
    opened = firebase_admin.initialize_app(certificate, name=secrets.token_hex(8))
    yield opened
    firebase_admin.delete_app(opened)


@pytest.fixture(scope="module")
def foreign_key() -> str:
    """A private key that the server has never seen, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


# --- the key documents


@pytest.mark.parametrize("document", [ID_TOKEN_CERTS, ID_TOKEN_JWKS, COOKIE_CERTS, COOKIE_JWKS])
def test_a_key_document_may_be_cached_for_a_while(strict_server: Any, document: tuple[str, str]) -> None:
    """Without max-age the Node SDK asks for the keys at every verification."""
    reply = httpx.get(address(strict_server, document))
    directives = dict(part.strip().partition("=")[::2] for part in reply.headers["cache-control"].split(","))
    assert int(directives["max-age"]) > 0


@pytest.mark.parametrize("document", [ID_TOKEN_CERTS, ID_TOKEN_JWKS, COOKIE_CERTS, COOKIE_JWKS])
def test_a_key_document_answers_at_its_own_path_under_its_google_host(
    strict_server: Any, document: tuple[str, str]
) -> None:
    """What the Node SDK sends when its agent dials our server: Google's path, Google's Host header."""
    host, path = document
    dialled = httpx.get(strict_server.origin + path, headers={"host": host})
    assert dialled.json() == httpx.get(address(strict_server, document)).json()


@pytest.mark.parametrize(
    ("certificates", "jwks"), [(ID_TOKEN_CERTS, ID_TOKEN_JWKS), (COOKIE_CERTS, COOKIE_JWKS)], ids=["id-token", "cookie"]
)
def test_certificates_and_jwks_name_the_same_keys(
    strict_server: Any, certificates: tuple[str, str], jwks: tuple[str, str]
) -> None:
    by_certificate = httpx.get(address(strict_server, certificates)).json()
    by_jwks = httpx.get(address(strict_server, jwks)).json()["keys"]
    assert set(by_certificate) == {key["kid"] for key in by_jwks}


@pytest.mark.parametrize("document", [ID_TOKEN_JWKS, COOKIE_JWKS], ids=["id-token", "cookie"])
def test_a_jwks_holds_no_private_part(strict_server: Any, document: tuple[str, str]) -> None:
    keys = httpx.get(address(strict_server, document)).json()["keys"]
    assert keys
    assert {member for key in keys for member in key}.isdisjoint({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


# --- PyJWT


def test_pyjwt_verifies_an_id_token_by_the_jwks(strict_server: Any) -> None:
    user, project = new_user(strict_server), strict_server.project
    key = jwt.PyJWKClient(address(strict_server, ID_TOKEN_JWKS)).get_signing_key_from_jwt(user["idToken"])
    issuer = f"https://securetoken.google.com/{project}"
    claims = jwt.decode(user["idToken"], key, ["RS256"], audience=project, issuer=issuer)
    assert claims["sub"] == user["localId"]


def test_pyjwt_refuses_a_corrupt_signature(strict_server: Any) -> None:
    token = new_user(strict_server)["idToken"]
    key = jwt.PyJWKClient(address(strict_server, ID_TOKEN_JWKS)).get_signing_key_from_jwt(token)
    with pytest.raises(InvalidSignatureError):
        jwt.decode(corrupt(token), key, ["RS256"], audience=strict_server.project)


def test_pyjwt_verifies_a_session_cookie_by_the_cookie_keys(strict_server: Any) -> None:
    user, project = new_user(strict_server), strict_server.project
    cookie = session_cookie(strict_server, user["idToken"])
    key = jwt.PyJWKClient(address(strict_server, COOKIE_JWKS)).get_signing_key_from_jwt(cookie)
    issuer = f"https://session.firebase.google.com/{project}"
    claims = jwt.decode(cookie, key, ["RS256"], audience=project, issuer=issuer)
    assert claims["sub"] == user["localId"]


def test_the_cookie_keys_do_not_name_the_key_of_an_id_token(strict_server: Any) -> None:
    client = jwt.PyJWKClient(address(strict_server, COOKIE_JWKS))
    token = new_user(strict_server)["idToken"]
    with pytest.raises(PyJWKClientError):
        client.get_signing_key_from_jwt(token)


def test_no_cookie_key_verifies_an_id_token(strict_server: Any) -> None:
    """Not by another name either."""
    token = new_user(strict_server)["idToken"]
    for key in jwt.PyJWKClient(address(strict_server, COOKIE_JWKS)).get_signing_keys():
        with pytest.raises(InvalidSignatureError):
            jwt.decode(token, key, ["RS256"], audience=strict_server.project)


def test_no_id_token_key_verifies_a_session_cookie(strict_server: Any) -> None:
    cookie = session_cookie(strict_server, new_user(strict_server)["idToken"])
    for key in jwt.PyJWKClient(address(strict_server, ID_TOKEN_JWKS)).get_signing_keys():
        with pytest.raises(InvalidSignatureError):
            jwt.decode(cookie, key, ["RS256"], audience=strict_server.project)


# --- firebase-admin outside emulator mode


def test_python_admin_verifies_a_signed_id_token(strict_server: Any, app: firebase_admin.App) -> None:
    user = new_user(strict_server)
    assert auth.verify_id_token(user["idToken"], app=app)["uid"] == user["localId"]


def test_python_admin_refuses_an_id_token_with_a_corrupt_signature(strict_server: Any, app: firebase_admin.App) -> None:
    token = corrupt(new_user(strict_server)["idToken"])
    with pytest.raises(auth.InvalidIdTokenError, match="signature"):
        auth.verify_id_token(token, app=app)


def test_python_admin_refuses_an_id_token_with_algorithm_none(strict_server: Any, app: firebase_admin.App) -> None:
    token = unsigned(new_user(strict_server)["idToken"])
    with pytest.raises(auth.InvalidIdTokenError, match="kid"):
        auth.verify_id_token(token, app=app)


def test_python_admin_refuses_algorithm_none_that_borrows_our_key_id(
    strict_server: Any, app: firebase_admin.App
) -> None:
    token = new_user(strict_server)["idToken"]
    borrowed = unsigned(token, kid=jwt.get_unverified_header(token)["kid"])
    with pytest.raises(auth.InvalidIdTokenError, match="incorrect algorithm"):
        auth.verify_id_token(borrowed, app=app)


def test_python_admin_verifies_a_signed_session_cookie(strict_server: Any, app: firebase_admin.App) -> None:
    user = new_user(strict_server)
    cookie = session_cookie(strict_server, user["idToken"])
    assert auth.verify_session_cookie(cookie, app=app)["uid"] == user["localId"]


def test_python_admin_refuses_a_session_cookie_with_a_corrupt_signature(
    strict_server: Any, app: firebase_admin.App
) -> None:
    cookie = corrupt(session_cookie(strict_server, new_user(strict_server)["idToken"]))
    with pytest.raises(auth.InvalidSessionCookieError, match="signature"):
        auth.verify_session_cookie(cookie, app=app)


def test_python_admin_mints_a_custom_token_that_strict_accepts(strict_server: Any, app: firebase_admin.App) -> None:
    uid = f"uid-{secrets.token_hex(8)}"
    minted = auth.create_custom_token(uid, {"role": "editor"}, app=app).decode()
    reply = rest(strict_server, "accounts:signInWithCustomToken", token=minted, returnSecureToken=True)
    claims = auth.verify_id_token(reply.json()["idToken"], app=app)
    assert (claims["uid"], claims["role"]) == (uid, "editor")


@pytest.mark.parametrize("forge", [corrupt, unsigned])
def test_strict_refuses_a_custom_token_that_nobody_signed(
    strict_server: Any, app: firebase_admin.App, forge: Any
) -> None:
    forged = forge(auth.create_custom_token(f"uid-{secrets.token_hex(8)}", app=app).decode())
    reply = rest(strict_server, "accounts:signInWithCustomToken", token=forged, returnSecureToken=True)
    assert (reply.status_code, reply.json()["error"]["message"].partition(" ")[0]) == (400, "INVALID_CUSTOM_TOKEN")


def test_python_admin_calls_the_account_api_with_its_service_account(
    strict_server: Any, app: firebase_admin.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK fetches its access token from our endpoint; only the address of the account API is overridden."""
    ours = f"{strict_server.origin}/identitytoolkit.googleapis.com/v1"
    monkeypatch.setattr(_user_mgt.UserManager, "ID_TOOLKIT_URL", ours)
    user = new_user(strict_server)
    assert auth.get_user(user["localId"], app=app).email == user["email"]


# --- the service account's token endpoint (RFC 7523)


def service_credentials(info: dict[str, str]) -> service_account.Credentials:
    return service_account.Credentials.from_service_account_info(info, scopes=SCOPES)


def test_google_auth_fetches_an_access_token_from_our_token_uri(strict_server: Any) -> None:
    account = service_credentials(strict_server.service_account)
    account.refresh(Request())
    assert account.valid


def test_the_access_token_opens_an_admin_call(strict_server: Any) -> None:
    account, user = service_credentials(strict_server.service_account), new_user(strict_server)
    account.refresh(Request())
    reply = rest(
        strict_server, f"projects/{strict_server.project}/accounts:lookup", account.token, localId=[user["localId"]]
    )
    assert reply.json()["users"][0]["localId"] == user["localId"]


def test_the_access_token_ends_within_an_hour(strict_server: Any) -> None:
    account = service_credentials(strict_server.service_account)
    account.refresh(Request())
    left = account.expiry.replace(tzinfo=datetime.UTC) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(0) < left <= datetime.timedelta(hours=1)


def test_the_token_endpoint_refuses_an_assertion_of_a_foreign_key(strict_server: Any, foreign_key: str) -> None:
    account = service_credentials(strict_server.service_account | {"private_key": foreign_key})
    with pytest.raises(RefreshError, match="invalid_grant"):
        account.refresh(Request())


def test_the_token_endpoint_refuses_an_unknown_service_account(strict_server: Any) -> None:
    unknown = f"nobody-{secrets.token_hex(4)}@{strict_server.project}.iam.gserviceaccount.com"
    account = service_credentials(strict_server.service_account | {"client_email": unknown})
    with pytest.raises(RefreshError, match="invalid_grant"):
        account.refresh(Request())

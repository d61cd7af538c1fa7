"""The legacy names under www.googleapis.com (protocol sheet §1.1): the same handlers on other paths."""

from collections.abc import Iterable
from dataclasses import replace

from ecrin.governance.callers import Verb
from ecrin.web.identitytoolkit import messages
from ecrin.web.identitytoolkit.bulk import MAX_BODY, BulkEndpoints
from ecrin.web.identitytoolkit.context import PREFIX
from ecrin.web.routing import Access, Need, Route

BODY_READ = Access(Need.CREDENTIAL_OF_BODY, Verb.READ)
BODY_WRITE = Access(Need.CREDENTIAL_OF_BODY, Verb.WRITE)
BASE = "/www.googleapis.com/identitytoolkit/v3/relyingparty"
NAMES = {
    "createAuthUri": "createAuthUri",
    "deleteAccount": "delete",
    "emailLinkSignin": "signInWithEmailLink",
    "getAccountInfo": "lookup",
    "getOobConfirmationCode": "sendOobCode",
    "resetPassword": "resetPassword",
    "sendVerificationCode": "sendVerificationCode",
    "setAccountInfo": "update",
    "signOutUser": "signOutUser",
    "signupNewUser": "signUp",
    "verifyAssertion": "signInWithIdp",
    "verifyCustomToken": "signInWithCustomToken",
    "verifyPassword": "signInWithPassword",
    "verifyPhoneNumber": "signInWithPhoneNumber",
}


def aliases(routes: Iterable[Route], bulk: BulkEndpoints) -> list[Route]:
    """Return the legacy names of calls; the access that each declares is that of the call itself."""
    current = {(r.method, r.path): r for r in routes}
    found = [replace(current["POST", f"{PREFIX}/accounts:{new}"], path=f"{BASE}/{old}") for old, new in NAMES.items()]
    found += [
        replace(current["GET", f"{PREFIX}/projects"], path=f"{BASE}/getProjectConfig"),
        replace(current["GET", f"{PREFIX}/recaptchaParams"], path=f"{BASE}/getRecaptchaParam"),
        Route("POST", f"{BASE}/downloadAccount", BODY_READ, bulk.download, messages.BatchGet),
        Route("POST", f"{BASE}/uploadAccount", BODY_WRITE, bulk.upload, messages.BatchCreate, MAX_BODY),
    ]
    return found

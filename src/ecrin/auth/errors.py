"""The refusals of sign-in. Codes are those that Firebase clients know (protocol sheet §1.3).

A detail given at the raise goes behind the code on the wire ("CODE : detail"), where the SDKs show it to the user.
"""

from ecrin.errors import NotImplementedYet, Refused


class AuthRefused(Refused):
    """A sign-in call that is answered with no."""


class NotServed(NotImplementedYet):
    """A call of the protocol that belongs to a later version."""


class EmailExists(AuthRefused):
    """Another account uses this e-mail address."""

    code = "EMAIL_EXISTS"
    hint = "Sign in with it, or reset its password."


class EmailNotFound(AuthRefused):
    """No account uses this e-mail address."""

    code = "EMAIL_NOT_FOUND"
    hint = "Check the address, or sign up."


class InvalidEmail(AuthRefused):
    """This is not an e-mail address."""

    code = "INVALID_EMAIL"
    hint = "Write it as name@example.org."


class InvalidIdentifier(AuthRefused):
    """This is not an e-mail address."""

    code = "INVALID_IDENTIFIER"
    hint = "Write it as name@example.org."


class InvalidNewEmail(AuthRefused):
    """The new address is not an e-mail address."""

    code = "INVALID_NEW_EMAIL"
    hint = "Write it as name@example.org."


class MissingEmail(AuthRefused):
    """The e-mail address is missing."""

    code = "MISSING_EMAIL"
    hint = "Send `email`."


class MissingNewEmail(AuthRefused):
    """The new e-mail address is missing."""

    code = "MISSING_NEW_EMAIL"
    hint = "Send `newEmail`."


class MissingPassword(AuthRefused):
    """The password is missing."""

    code = "MISSING_PASSWORD"
    hint = "Send `password`."


class InvalidPassword(AuthRefused):
    """The password is wrong."""

    code = "INVALID_PASSWORD"
    hint = "Try again, or reset it."


class InvalidLoginCredentials(AuthRefused):
    """The e-mail address or the password is wrong."""

    code = "INVALID_LOGIN_CREDENTIALS"
    hint = "Try again, or reset the password."


class WeakPassword(AuthRefused):
    """The password is too short."""

    code = "WEAK_PASSWORD"
    hint = "Choose a longer one."


class PasswordTooLong(AuthRefused):
    """The password is too long."""

    code = "PASSWORD_DOES_NOT_MEET_REQUIREMENTS"
    hint = "Keep it under 4096 bytes."


class PasswordLoginDisabled(AuthRefused):
    """Sign-in by password is switched off in this project."""

    code = "PASSWORD_LOGIN_DISABLED"
    hint = "Use another way to sign in."


class OperationNotAllowed(AuthRefused):
    """The project does not allow this operation."""

    code = "OPERATION_NOT_ALLOWED"
    hint = "The operator can change the project's settings."


class AdminOnlyOperation(AuthRefused):
    """Only an administrator may do this in this project."""

    code = "ADMIN_ONLY_OPERATION"
    hint = "Ask the operator of the project."


class UnexpectedParameter(AuthRefused):
    """A parameter may only be sent by an administrator."""

    code = "UNEXPECTED_PARAMETER"
    hint = "Leave it out, or send a credential."


class TooManyAttempts(AuthRefused):
    """There were too many failed attempts."""

    code = "TOO_MANY_ATTEMPTS_TRY_LATER"
    hint = "Wait, reset the password, or sign in by e-mail link."


class QuotaExceeded(AuthRefused):
    """Too many mails were asked for."""

    code = "QUOTA_EXCEEDED"
    hint = "Wait an hour and try again."


class UserDisabled(AuthRefused):
    """The account is disabled."""

    code = "USER_DISABLED"
    hint = "Ask the operator of the project."


class UserNotFound(AuthRefused):
    """The account does not exist, or no longer."""

    code = "USER_NOT_FOUND"
    hint = "Sign in again."


class InvalidIdToken(AuthRefused):
    """The ID token is not valid in this project."""

    code = "INVALID_ID_TOKEN"
    hint = "Sign in again."


class MissingIdToken(AuthRefused):
    """The ID token is missing."""

    code = "MISSING_ID_TOKEN"
    hint = "Send `idToken`."


class TokenExpired(AuthRefused):
    """The session has ended."""

    code = "TOKEN_EXPIRED"
    hint = "Sign in again."


class CredentialTooOld(AuthRefused):
    """The last sign-in is too long ago for this change."""

    code = "CREDENTIAL_TOO_OLD_LOGIN_AGAIN"
    hint = "Sign in again, then repeat the change."


class InvalidRefreshToken(AuthRefused):
    """The refresh token is not one of this server's."""

    code = "INVALID_REFRESH_TOKEN"
    hint = "Sign in again."


class MissingRefreshToken(AuthRefused):
    """The refresh token is missing."""

    code = "MISSING_REFRESH_TOKEN"
    hint = "Send `refresh_token`."


class InvalidGrantType(AuthRefused):
    """The grant type is not served here."""

    code = "INVALID_GRANT_TYPE"
    hint = "Send `grant_type=refresh_token`."


class MissingGrantType(AuthRefused):
    """The grant type is missing."""

    code = "MISSING_GRANT_TYPE"
    hint = "Send `grant_type=refresh_token`."


class MissingCustomToken(AuthRefused):
    """The custom token is missing."""

    code = "MISSING_CUSTOM_TOKEN"
    hint = "Send `token`."


class InvalidCustomToken(AuthRefused):
    """The custom token is not valid."""

    code = "INVALID_CUSTOM_TOKEN"
    hint = "Sign it with a service account key of this project, for at most an hour."


class CredentialMismatch(AuthRefused):
    """The custom token belongs to another project."""

    code = "CREDENTIAL_MISMATCH"
    hint = "Use a service account of this project."


class MissingIdentifier(AuthRefused):
    """The identifier is missing."""

    code = "MISSING_IDENTIFIER"
    hint = "Send it."


class MissingContinueUri(AuthRefused):
    """The address to continue at is missing."""

    code = "MISSING_CONTINUE_URI"
    hint = "Send `continueUri`."


class InvalidContinueUri(AuthRefused):
    """The address to continue at is not an absolute http(s) address."""

    code = "INVALID_CONTINUE_URI"
    hint = "Send one, such as https://app.example.org/."


class UnauthorizedDomain(AuthRefused):
    """The domain of the address is not one of the project's."""

    code = "UNAUTHORIZED_DOMAIN"
    hint = "Add it: ecrin project update ID --authorized-domain DOMAIN"


class InvalidOobCode(AuthRefused):
    """The code is unknown or was used already."""

    code = "INVALID_OOB_CODE"
    hint = "Ask for a new mail."


class ExpiredOobCode(AuthRefused):
    """The code has expired."""

    code = "EXPIRED_OOB_CODE"
    hint = "Ask for a new mail."


class MissingOobCode(AuthRefused):
    """The code is missing."""

    code = "MISSING_OOB_CODE"
    hint = "Send `oobCode`."


class MissingReqType(AuthRefused):
    """The kind of mail is missing."""

    code = "MISSING_REQ_TYPE"
    hint = "Send `requestType`."


class InvalidReqType(AuthRefused):
    """This kind of request is unknown, or nothing was asked for."""

    code = "INVALID_REQ_TYPE"
    hint = "Compare it with the documentation of the call."


class InvalidDuration(AuthRefused):
    """The duration is out of range."""

    code = "INVALID_DURATION"
    hint = "Send 300 to 1209600 seconds."


class MissingLocalId(AuthRefused):
    """The user id is missing."""

    code = "MISSING_LOCAL_ID"
    hint = "Send `localId`."


class InvalidLocalId(AuthRefused):
    """The user id is not valid."""

    code = "INVALID_LOCAL_ID"
    hint = "Use 1 to 128 characters."


class DuplicateLocalId(AuthRefused):
    """Another account has this user id."""

    code = "DUPLICATE_LOCAL_ID"
    hint = "Choose another id."


class DuplicateEmail(AuthRefused):
    """An e-mail address stands twice in the request."""

    code = "DUPLICATE_EMAIL"
    hint = "Send each account once."


class DuplicateRawId(AuthRefused):
    """An identity stands twice in the request."""

    code = "DUPLICATE_RAW_ID"
    hint = "Send each identity once."


class PhoneNumberExists(AuthRefused):
    """Another account uses this phone number."""

    code = "PHONE_NUMBER_EXISTS"
    hint = "Use another number."


class InvalidPhoneNumber(AuthRefused):
    """The phone number is not in E.164 form."""

    code = "INVALID_PHONE_NUMBER"
    hint = "Write it as +33123456789."


class InvalidDisplayName(AuthRefused):
    """The display name is too long."""

    code = "INVALID_DISPLAY_NAME"
    hint = "Keep it under 256 characters."


class InvalidPhotoUrl(AuthRefused):
    """The photo address is not an http(s) address."""

    code = "INVALID_PHOTO_URL"
    hint = "Use an address that starts with https://."


class MissingProviderId(AuthRefused):
    """The provider id is missing."""

    code = "MISSING_PROVIDER_ID"
    hint = "Send `providerId`."


class MissingRawId(AuthRefused):
    """The user's id at the provider is missing."""

    code = "MISSING_RAW_ID"
    hint = "Send `rawId`."


class FederatedUserIdAlreadyLinked(AuthRefused):
    """Another account is linked to this identity."""

    code = "FEDERATED_USER_ID_ALREADY_LINKED"
    hint = "Unlink it there first."


class ClaimsTooLarge(AuthRefused):
    """The custom claims are longer than 1000 characters."""

    code = "CLAIMS_TOO_LARGE"
    hint = "Keep large data in your own database."


class ForbiddenClaim(AuthRefused):
    """A custom claim has a reserved name."""

    code = "FORBIDDEN_CLAIM"
    hint = "Choose another name."


class InvalidClaims(AuthRefused):
    """The custom claims are not a JSON object."""

    code = "INVALID_CLAIMS"
    hint = "Send an object."


class MissingUserAccount(AuthRefused):
    """The list of accounts is empty."""

    code = "MISSING_USER_ACCOUNT"
    hint = "Send `users`."


class LocalIdListExceedsLimit(AuthRefused):
    """The list of user ids is too long."""

    code = "LOCAL_ID_LIST_EXCEEDS_LIMIT"
    hint = "Send at most 1000."


class InvalidPageSelection(AuthRefused):
    """The page token is not one of this server's."""

    code = "INVALID_PAGE_SELECTION"
    hint = "Start again from the first page."


class InsufficientPermission(AuthRefused):
    """Only authenticated requests can do this."""

    code = "INSUFFICIENT_PERMISSION"
    hint = "Send the credential of an operator or a service account."

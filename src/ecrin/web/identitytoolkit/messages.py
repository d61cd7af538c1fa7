"""The request types (protocol sheet §2, §3).

Members that belong to later versions are typed, so that they are refused with 501 where they would matter, and never
answered with a wrong success.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Text = str | None
Number = int | None
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)] | None  # up to the end of the year 9999
Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_999)] | None
Count = Annotated[int, Meta(ge=0, le=2**31)] | None


class Request(msgspec.Struct, rename="camel", kw_only=True):
    """What every request may name."""

    tenant_id: Text = None
    target_project_id: Text = None


class Provider(msgspec.Struct, rename="camel", kw_only=True):
    """An identity at a provider."""

    provider_id: Text = None
    raw_id: Text = None
    federated_id: Text = None
    email: Text = None
    display_name: Text = None
    photo_url: Text = None
    phone_number: Text = None
    screen_name: Text = None


class Mfa(msgspec.Struct, rename="camel", kw_only=True):
    """Second factors; an empty list clears what there is not."""

    enrollments: list[Any] | None = None


class SignUp(Request, rename="camel", kw_only=True):
    """accounts:signUp, and an administrator's accounts."""

    id_token: Text = None
    local_id: Text = None
    email: Text = None
    password: Text = None
    display_name: Text = None
    photo_url: Text = None
    phone_number: Text = None
    email_verified: bool | None = None
    disabled: bool | None = None
    mfa_info: list[Any] | None = None


class SignInWithPassword(Request, rename="camel", kw_only=True):
    """accounts:signInWithPassword."""

    email: Text = None
    password: Text = None
    id_token: Text = None
    pending_id_token: Text = None


class SignInWithCustomToken(Request, rename="camel", kw_only=True):
    """accounts:signInWithCustomToken."""

    token: Text = None


class SignInWithEmailLink(Request, rename="camel", kw_only=True):
    """accounts:signInWithEmailLink."""

    email: Text = None
    oob_code: Text = None
    id_token: Text = None


class CreateAuthUri(Request, rename="camel", kw_only=True):
    """accounts:createAuthUri."""

    identifier: Text = None
    continue_uri: Text = None
    provider_id: Text = None


class SendOobCode(Request, rename="camel", kw_only=True):
    """accounts:sendOobCode."""

    request_type: str | int | None = None
    email: Text = None
    new_email: Text = None
    id_token: Text = None
    continue_url: Text = None
    return_oob_link: bool | None = None


class ResetPassword(Request, rename="camel", kw_only=True):
    """accounts:resetPassword."""

    oob_code: Text = None
    new_password: Text = None
    email: Text = None
    old_password: Text = None


class Update(Request, rename="camel", kw_only=True):
    """accounts:update, of a user or of an administrator."""

    id_token: Text = None
    local_id: Text = None
    oob_code: Text = None
    email: Text = None
    password: Text = None
    display_name: Text = None
    photo_url: Text = None
    phone_number: Text = None
    email_verified: bool | None = None
    disable_user: bool | None = None
    custom_attributes: Text = None
    valid_since: Seconds = None
    created_at: Milliseconds = None
    last_login_at: Milliseconds = None
    link_provider_user_info: Provider | None = None
    delete_attribute: list[str | int] | None = None
    delete_provider: list[str] | None = None
    mfa: Mfa | None = None


class Delete(Request, rename="camel", kw_only=True):
    """accounts:delete."""

    id_token: Text = None
    local_id: Text = None


class FederatedUser(msgspec.Struct, rename="camel", kw_only=True):
    """An identity to look up."""

    provider_id: Text = None
    raw_id: Text = None


class Lookup(Request, rename="camel", kw_only=True):
    """accounts:lookup."""

    id_token: Text = None
    local_id: list[str] | None = None
    email: list[str] | None = None
    phone_number: list[str] | None = None
    initial_email: list[str] | None = None
    federated_user_id: list[FederatedUser] | None = None


class SessionCookie(Request, rename="camel", kw_only=True):
    """createSessionCookie."""

    id_token: Text = None
    valid_duration: Number = None


class ImportedUser(msgspec.Struct, rename="camel", kw_only=True):
    """One row of batchCreate."""

    local_id: Text = None
    email: Text = None
    email_verified: bool | None = None
    display_name: Text = None
    photo_url: Text = None
    phone_number: Text = None
    disabled: bool | None = None
    custom_attributes: Text = None
    created_at: Milliseconds = None
    last_login_at: Milliseconds = None
    valid_since: Seconds = None
    provider_user_info: list[Provider] | None = None
    password_hash: Text = None
    raw_password: Text = None
    mfa_info: list[Any] | None = None
    tenant_id: Text = None


class BatchCreate(Request, rename="camel", kw_only=True):
    """accounts:batchCreate."""

    users: list[ImportedUser] | None = None
    hash_algorithm: Text = None
    allow_overwrite: bool | None = None
    sanity_check: bool | None = None


class BatchGet(Request, rename="camel", kw_only=True):
    """The legacy downloadAccount, whose page comes in the body."""

    max_results: Count = None
    next_page_token: Text = None


class BatchDelete(Request, rename="camel", kw_only=True):
    """accounts:batchDelete."""

    local_ids: list[str] | None = None
    force: bool | None = None


class Expression(msgspec.Struct, rename="camel", kw_only=True):
    """One condition of a query."""

    email: Text = None
    user_id: Text = None
    phone_number: Text = None


class Query(Request, rename="camel", kw_only=True):
    """accounts:query."""

    return_user_info: bool | None = None
    limit: Count = None
    offset: Count = None
    sort_by: str | int | None = None
    order: str | int | None = None
    expression: list[Expression] | None = None


class Refresh(msgspec.Struct, rename="camel", kw_only=True):
    """The refresh call of Secure Token."""

    grant_type: Text = None
    refresh_token: Text = None

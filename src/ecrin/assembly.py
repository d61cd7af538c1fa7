"""Settings become an `App`: the only file that knows every adapter, and the order in which rooms are built."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecrin.assembly_updates import Updates, api_routes, build_updates, capgo_routes
from ecrin.auth.accounts.bulk import BulkService
from ecrin.auth.accounts.service import AccountService
from ecrin.auth.accounts.store import AccountStore
from ecrin.auth.administration.service import AdministrationService
from ecrin.auth.limits.service import LimitService
from ecrin.auth.outofband import store as codes_store
from ecrin.auth.outofband.codes import CodeBook, Links
from ecrin.auth.outofband.emaillink import EmailLinkService
from ecrin.auth.outofband.ports import Courier
from ecrin.auth.outofband.service import OutOfBandService
from ecrin.auth.password.hashing import PasswordHasher
from ecrin.auth.password.service import PasswordService
from ecrin.auth.selfservice.service import SelfService
from ecrin.auth.sessions import rules as session_rules
from ecrin.auth.sessions import store as sessions_store
from ecrin.auth.sessions.service import SessionService
from ecrin.auth.tokens.anonymous import AnonymousService
from ecrin.auth.tokens.custom import CustomTokenService
from ecrin.auth.tokens.formats import SignedFormat, UnsafeUnsignedFormat
from ecrin.auth.tokens.service import TokenService
from ecrin.base.clock import Clock, Instant
from ecrin.base.events import Events
from ecrin.base.secret import Secret
from ecrin.crypto.passwords import INTERACTIVE, Profile
from ecrin.governance.apikeys.service import TokenService as OperatorTokenService
from ecrin.governance.audit import store as audit
from ecrin.governance.projects.model import ProjectSettings
from ecrin.governance.projects.service import ProjectService
from ecrin.governance.serviceaccounts.service import ServiceAccountService
from ecrin.ops.jobs import Housekeeping, Purge
from ecrin.ops.mail.courier import MailCourier, NoCourier
from ecrin.ops.mail.mailbox import Mailbox, MailboxTransport
from ecrin.ops.mail.outbox import Outbox
from ecrin.ops.mail.ports import Transport
from ecrin.ops.mail.smtp import SmtpTransport
from ecrin.ops.mail.worker import MailWorker
from ecrin.settings import Settings
from ecrin.storage.keyring.service import Keyring
from ecrin.storage.objects.local import LocalObjects
from ecrin.storage.sql.port import Database, Tx
from ecrin.updates.devices import store as overrides
from ecrin.web.address import TrustedProxies
from ecrin.web.api.decoding import decode as decode_api
from ecrin.web.api.keys import KeyEndpoints
from ecrin.web.api.openapi import OpenApiEndpoints
from ecrin.web.api.projects import ProjectEndpoints
from ecrin.web.api.tokens import TokenEndpoints
from ecrin.web.app import Surface, Web
from ecrin.web.authentication import Authenticator
from ecrin.web.capgo.decoding import decode as decode_capgo
from ecrin.web.capgo.problem import capgo
from ecrin.web.health import HealthEndpoints
from ecrin.web.http import Call
from ecrin.web.identitytoolkit import emulator, later, legacy
from ecrin.web.identitytoolkit.account import AccountEndpoints
from ecrin.web.identitytoolkit.admin import AdminEndpoints
from ecrin.web.identitytoolkit.bulk import BulkEndpoints
from ecrin.web.identitytoolkit.context import Context
from ecrin.web.identitytoolkit.decoding import decode_form_or_json, decode_json
from ecrin.web.identitytoolkit.documents import DocumentEndpoints
from ecrin.web.identitytoolkit.exchange import AssertionEndpoint, RefreshEndpoint
from ecrin.web.identitytoolkit.mailcodes import MailCodeEndpoints
from ecrin.web.identitytoolkit.signin import SignInEndpoints
from ecrin.web.pages.action import PATH as ACTION_PATH
from ecrin.web.pages.action import ActionPage
from ecrin.web.pages.mailbox import MailboxPage
from ecrin.web.pages.views import problem_page
from ecrin.web.problem import google, oauth, rfc9457
from ecrin.web.routing import Route

DEV_PROJECTS = ProjectSettings(email_enumeration_protection=False, min_password_length=6)


@dataclass(frozen=True, slots=True)
class Base:
    """What every room is built on."""

    settings: Settings
    database: Database
    keyring: Keyring
    events: Events[Tx]
    clock: Clock
    public_url: str

    @property
    def dev(self) -> bool:
        """Return whether this is `ecrin dev`."""
        return self.settings.mode == "dev"


@dataclass(frozen=True, slots=True)
class Governance:
    """Projects and credentials."""

    projects: ProjectService
    tokens: OperatorTokenService
    service_accounts: ServiceAccountService


@dataclass(frozen=True, slots=True)
class Auth:
    """The features of sign-in, in the order in which they call each other."""

    store: AccountStore
    accounts: AccountService
    bulk: BulkService
    limits: LimitService
    sessions: SessionService
    tokens: TokenService
    anonymous: AnonymousService
    custom_tokens: CustomTokenService
    hasher: PasswordHasher
    passwords: PasswordService
    codes: CodeBook
    outofband: OutOfBandService
    email_links: EmailLinkService
    self_service: SelfService
    administration: AdministrationService


@dataclass(frozen=True, slots=True)
class App:
    """A running instance, as its shell (command line, tests) sees it."""

    base: Base
    governance: Governance
    auth: Auth
    updates: Updates
    web: Web
    housekeeping: Housekeeping
    mail: MailWorker | None

    async def run(self, stop: asyncio.Event) -> None:
        """Do the work that nobody waits for until `stop` is set."""
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(self.housekeeping.run(stop))
            jobs.create_task(self.updates.run(stop))
            if self.mail is not None:
                jobs.create_task(self.mail.run(stop))

    async def close(self) -> None:
        """Let go of threads, files and connections."""
        self.auth.hasher.close()
        await asyncio.gather(self.updates.close(), self.base.database.close())


async def build(
    settings: Settings,
    database: Database,
    master: Secret[bytes],
    clock: Clock,
    public_url: str,
    profile: Profile = INTERACTIVE,
) -> App:
    """Build an instance over a database that is migrated.

    `public_url` is the address that links and credentials carry. Raises `MasterKeyRejected`.
    """
    events: Events[Tx] = Events()
    events.listen(audit.record)
    keyring = Keyring(database, master, events, clock)
    await keyring.load()
    base = Base(settings, database, keyring, events, clock, public_url)
    governance = await _governance(base)
    courier, mail = _mail(base)
    auth = _auth(base, governance, courier, profile)
    objects = LocalObjects(settings.objects_folder, clock)
    updates = await build_updates(database, objects, events, clock, settings.stats_days)
    authenticator = Authenticator(
        governance.projects, governance.tokens, governance.service_accounts, settings.project if base.dev else None
    )
    web = Web(
        _surfaces(base, governance, auth, updates, authenticator),
        authenticator,
        TrustedProxies(settings.trusted_proxies),
        clock,
        tls=settings.tls,
        locate=updates.apps.project_of,
    )
    housekeeping = Housekeeping(database, clock, _purges(auth), [updates.sweep.due, updates.catalog.forget_expired])
    return App(base, governance, auth, updates, web, housekeeping, mail)


async def _governance(base: Base) -> Governance:
    parts = base.database, base.keyring, base.events, base.clock
    projects = ProjectService(base.database, base.events, base.clock, DEV_PROJECTS if base.dev else None)
    service_accounts = ServiceAccountService(*parts)
    await projects.load()
    await service_accounts.load()
    tokens = OperatorTokenService(*parts)
    base.events.listen(tokens.on_event)
    return Governance(projects, tokens, service_accounts)


def _mail(base: Base) -> tuple[Courier, MailWorker | None]:
    settings = base.settings
    if base.dev:
        transport: Transport = MailboxTransport()
    elif settings.smtp_url is not None:
        transport = SmtpTransport(settings.smtp_url, settings.mail_from)
    else:
        return NoCourier(), None
    worker = MailWorker(base.database, base.keyring.columns(), transport, base.clock)
    return MailCourier(Outbox(base.keyring.columns()), worker), worker


def _auth(base: Base, governance: Governance, courier: Courier, profile: Profile) -> Auth:
    database, keyring, events, clock = base.database, base.keyring, base.events, base.clock
    store = AccountStore(keyring.columns)
    accounts = AccountService(database, store, events, clock)
    limits = LimitService(keyring)
    sessions = SessionService(database, accounts, events, clock)
    token_format = UnsafeUnsignedFormat() if base.settings.unsigned_tokens and base.dev else SignedFormat(keyring)
    tokens = TokenService(accounts, sessions, keyring, token_format, clock)
    custom_tokens = CustomTokenService(
        database, accounts, tokens, governance.service_accounts, clock, allow_unsigned=base.dev
    )
    hasher = PasswordHasher(profile)
    passwords = PasswordService(database, accounts, tokens, limits, hasher, events, clock)
    page = base.public_url + ACTION_PATH
    shown = base.public_url + emulator.ACTION_PATH if base.dev else page
    links = Links(mailed=page, shown=shown)
    codes = CodeBook(database, keyring, courier, events, clock, links=links, keep_readable=base.dev)
    own_host = urlsplit(base.public_url).hostname or ""
    outofband = OutOfBandService(
        database,
        governance.projects,
        accounts,
        tokens,
        passwords,
        limits,
        codes,
        clock,
        own_domain=None if base.dev else own_host,
    )
    self_service = SelfService(
        database, accounts, tokens, passwords, outofband, codes, clock, require_recent=not base.dev
    )
    events.listen(sessions.on_event)
    events.listen(passwords.on_event)
    events.listen(codes.on_event)
    return Auth(
        store,
        accounts,
        BulkService(database, accounts, store, events, clock),
        limits,
        sessions,
        tokens,
        AnonymousService(database, accounts, tokens, limits, clock),
        custom_tokens,
        hasher,
        passwords,
        codes,
        outofband,
        EmailLinkService(database, accounts, tokens, codes, clock),
        self_service,
        AdministrationService(database, accounts, passwords, clock),
    )


def _surfaces(
    base: Base, governance: Governance, auth: Auth, updates: Updates, authenticator: Authenticator
) -> list[Surface]:
    refresh = RefreshEndpoint(_context(base, governance), auth.tokens)
    assertion = AssertionEndpoint(governance.service_accounts, base.public_url)
    return [
        Surface(tuple(_identity_toolkit(base, governance, auth)), google, decode_json, cors=True),
        Surface(tuple(refresh.routes()), google, decode_form_or_json, cors=True),
        Surface(tuple(assertion.routes()), oauth, decode_api, cors=False),
        Surface(tuple(capgo_routes(updates, base.database, base.public_url)), capgo, decode_capgo, cors=True),
        Surface(tuple(HealthEndpoints(base.database).routes()), rfc9457, decode_api, cors=False),
        Surface(tuple(_pages(base, governance, auth)), problem_page, decode_api, cors=False),
        Surface(tuple(_api(base, governance, updates, authenticator)), rfc9457, decode_api, cors=False),
    ]


def _context(base: Base, governance: Governance) -> Context:
    return Context(governance.projects, base.settings.project if base.dev else None)


def _identity_toolkit(base: Base, governance: Governance, auth: Auth) -> list[Route]:
    context = _context(base, governance)
    admin = AdminEndpoints(context, auth.administration)
    bulk = BulkEndpoints(context, auth.accounts, auth.bulk, base.keyring, base.clock)
    routes = [
        *SignInEndpoints(
            context,
            auth.accounts,
            auth.anonymous,
            auth.passwords,
            auth.custom_tokens,
            auth.email_links,
            auth.self_service,
            admin,
        ).routes(),
        *AccountEndpoints(context, auth.accounts, auth.tokens, auth.self_service, auth.outofband, admin).routes(),
        *admin.routes(),
        *bulk.routes(),
        *MailCodeEndpoints(context, auth.outofband).routes(),
        *DocumentEndpoints(context, governance.projects, base.keyring).routes(),
        *later.routes(),
    ]
    if base.dev:
        endpoints = emulator.EmulatorEndpoints(governance.projects, auth.bulk, auth.codes, auth.outofband)
        routes += endpoints.routes()
    return [*routes, *legacy.aliases(routes, bulk)]


def _pages(base: Base, governance: Governance, auth: Auth) -> list[Route]:
    routes = ActionPage(auth.outofband, governance.projects, [base.public_url]).routes()
    if base.dev:
        routes += MailboxPage(Mailbox(base.database, base.keyring.columns())).routes()
    return routes


def _api(base: Base, governance: Governance, updates: Updates, authenticator: Authenticator) -> list[Route]:
    async def holds(call: Call) -> bool:
        return await authenticator.holds(call, base.clock.now())

    routes = [
        *ProjectEndpoints(governance.projects).routes(),
        *KeyEndpoints(base.keyring, governance.projects, governance.service_accounts, base.public_url).routes(),
        *TokenEndpoints(governance.tokens).routes(),
        *api_routes(updates, governance.projects, base.clock, holds),
    ]
    return [*routes, *OpenApiEndpoints(routes).routes()]


def _purges(auth: Auth) -> list[Purge]:
    async def sessions(tx: Tx, now: Instant, limit: int) -> int:
        return await sessions_store.purge(tx, now - session_rules.RETENTION, limit)

    return [sessions, codes_store.purge, auth.limits.purge_in, overrides.purge]

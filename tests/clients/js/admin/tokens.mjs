// firebase-admin in emulator mode: ID tokens, session cookies, custom tokens, revocation.
import { initializeApp } from 'firebase-admin/app';
import { getAuth } from 'firebase-admin/auth';
import { claimsOf, fresh, once, pastSecondOf, refresh, report, rest, server, signUp } from './harness.mjs';

const auth = getAuth(initializeApp({ projectId: server.project }));
const other = getAuth(initializeApp({ projectId: fresh.project() }, 'other'));
const FIVE_MINUTES = 300_000;
const cookieFor = (idToken, expiresIn = FIVE_MINUTES) => auth.createSessionCookie(idToken, { expiresIn });
const exchange = (token) => rest('accounts:signInWithCustomToken', { token, returnSecureToken: true });

const revoked = once(async () => {
  const user = await signUp();
  const cookie = await cookieFor(user.idToken);
  await pastSecondOf(cookie);
  await auth.revokeRefreshTokens(user.uid);
  return { ...user, cookie };
});

const disabled = once(async () => {
  const user = await signUp();
  const cookie = await cookieFor(user.idToken);
  await auth.updateUser(user.uid, { disabled: true });
  return { ...user, cookie };
});

await report({
  verify: async () => {
    const { uid, email, idToken } = await signUp();
    return { uid, email, project: server.project, claims: await auth.verifyIdToken(idToken) };
  },
  verifyCheckingRevocation: async () => {
    const user = await signUp();
    return { uid: user.uid, got: (await auth.verifyIdToken(user.idToken, true)).uid };
  },
  verifyForAnotherProject: async () => other.verifyIdToken((await signUp()).idToken),
  verifyRevoked: async () => auth.verifyIdToken((await revoked()).idToken, true),
  verifyAfterSigningInAgain: async () => {
    const { uid, email, password } = await revoked();
    const { idToken } = await rest('accounts:signInWithPassword', { email, password, returnSecureToken: true });
    return { uid, got: (await auth.verifyIdToken(idToken, true)).uid };
  },
  validAfterIsSetByRevocation: async () => {
    const { uid, idToken } = await revoked();
    const validAfter = new Date((await auth.getUser(uid)).tokensValidAfterTime).getTime() / 1000;
    return { authTime: claimsOf(idToken).auth_time, validAfter };
  },
  refreshRevoked: async () => (await refresh((await revoked()).refreshToken)).user_id,
  verifyDisabled: async () => auth.verifyIdToken((await disabled()).idToken, true),
  refreshDisabled: async () => (await refresh((await disabled()).refreshToken)).user_id,
  verifyDeleted: async () => {
    const { uid, idToken } = await signUp();
    await auth.deleteUser(uid);
    return auth.verifyIdToken(idToken, true);
  },
  claimsArriveAtRefresh: async () => {
    const { uid, refreshToken } = await signUp();
    await auth.setCustomUserClaims(uid, { role: 'editor' });
    return (await auth.verifyIdToken((await refresh(refreshToken)).id_token)).role;
  },
  createCookie: async () => {
    const { uid, idToken } = await signUp();
    const claims = await auth.verifySessionCookie(await cookieFor(idToken));
    return { uid, project: server.project, claims };
  },
  createCookieOfTwoWeeks: async () => {
    const { exp, iat } = claimsOf(await cookieFor((await signUp()).idToken, 14 * 24 * 3600 * 1000));
    return exp - iat;
  },
  verifyCookieCheckingRevocation: async () => {
    const { uid, idToken } = await signUp();
    return { uid, got: (await auth.verifySessionCookie(await cookieFor(idToken), true)).uid };
  },
  verifyRevokedCookie: async () => auth.verifySessionCookie((await revoked()).cookie, true),
  verifyCookieOfDisabled: async () => auth.verifySessionCookie((await disabled()).cookie, true),
  verifyCookieForAnotherProject: async () => other.verifySessionCookie(await cookieFor((await signUp()).idToken)),
  verifyIdTokenAsCookie: async () => auth.verifySessionCookie((await signUp()).idToken),
  verifyCookieAsIdToken: async () => auth.verifyIdToken(await cookieFor((await signUp()).idToken)),
  createCookieFromRevoked: async () => cookieFor((await revoked()).idToken),
  createCookieFromNonsense: () => cookieFor('not.a.token'),
  createTooShortCookie: async () => cookieFor((await signUp()).idToken, FIVE_MINUTES - 1000),
  signInWithCustomToken: async () => {
    const uid = fresh.uid();
    const reply = await exchange(await auth.createCustomToken(uid, { role: 'editor', level: 3 }));
    return { uid, isNewUser: reply.isNewUser, claims: await auth.verifyIdToken(reply.idToken) };
  },
  signInAgainWithCustomToken: async () => {
    const uid = fresh.uid();
    await exchange(await auth.createCustomToken(uid));
    return (await exchange(await auth.createCustomToken(uid))).isNewUser;
  },
  customTokenClaimsSurviveRefresh: async () => {
    const reply = await exchange(await auth.createCustomToken(fresh.uid(), { role: 'editor' }));
    return (await auth.verifyIdToken((await refresh(reply.refreshToken)).id_token)).role;
  },
  customTokenClaimsAreNotStored: async () => {
    const uid = fresh.uid();
    await exchange(await auth.createCustomToken(uid, { role: 'editor' }));
    return (await auth.getUser(uid)).customClaims ?? null;
  },
  customTokenOfDisabled: async () => {
    const { uid } = await auth.createUser({ disabled: true });
    return exchange(await auth.createCustomToken(uid));
  },
});

// firebase-admin as in production, without emulator mode: Google's hosts are dialled through the public `httpAgent`
// option, which leads them to our server; the requests keep their paths and their Host headers.
import https from 'node:https';
import net from 'node:net';
import { cert, initializeApp } from 'firebase-admin/app';
import { getAuth } from 'firebase-admin/auth';
import { fresh, once, pastSecondOf, plain, report, rest, server, signUp, word } from './harness.mjs';

const agent = new https.Agent();
const { hostname, port } = new URL(server.origin);
agent.createConnection = () => net.connect(Number(port), hostname);

const bearer = (token) => ({ getAccessToken: async () => ({ access_token: token, expires_in: 3600 }) });
const sdk = (credential, projectId = server.project) =>
  getAuth(initializeApp({ projectId, credential, httpAgent: agent }, word()));
const auth = sdk(bearer(server.adminToken));
const minter = getAuth(initializeApp({ credential: cert(server.serviceAccount) }, 'minter'));

const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));
const cookieFor = (idToken) => auth.createSessionCookie(idToken, { expiresIn: 300_000 });
const exchange = (token) => rest('accounts:signInWithCustomToken', { token, returnSecureToken: true });

/** The token with the first character of its signature changed: the last one holds bits that may not count. */
function corrupt(token) {
  const [header, payload, signature] = token.split('.');
  return [header, payload, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.');
}

/** The claims of the token changed by `edit`, below its old signature. */
function altered(token, edit) {
  const [header, payload, signature] = token.split('.');
  return [header, encode({ ...decode(payload), ...edit }), signature].join('.');
}

/** The token with another header and no signature, as the emulator would issue it. */
const unsigned = (token, header) => `${encode(header)}.${token.split('.')[1]}.`;

const revoked = once(async () => {
  const user = await signUp();
  await pastSecondOf(user.idToken);
  await auth.revokeRefreshTokens(user.uid);
  return user;
});

await report({
  verify: async () => {
    const { uid, email, idToken } = await signUp();
    return { uid, email, project: server.project, claims: await auth.verifyIdToken(idToken) };
  },
  verifyCheckingRevocation: async () => {
    const { uid, idToken } = await signUp();
    return { uid, got: (await auth.verifyIdToken(idToken, true)).uid };
  },
  verifyRevoked: async () => auth.verifyIdToken((await revoked()).idToken, true),
  verifyDisabled: async () => {
    const { uid, idToken } = await signUp();
    await auth.updateUser(uid, { disabled: true });
    return auth.verifyIdToken(idToken, true);
  },
  verifyCorrupt: async () => auth.verifyIdToken(corrupt((await signUp()).idToken)),
  verifyAltered: async () => auth.verifyIdToken(altered((await signUp()).idToken, { admin: true })),
  verifyUnsigned: async () => auth.verifyIdToken(unsigned((await signUp()).idToken, { alg: 'none', typ: 'JWT' })),
  verifyUnsignedWithKeyId: async () => {
    const { idToken } = await signUp();
    const { kid } = decode(idToken.split('.')[0]);
    return auth.verifyIdToken(unsigned(idToken, { alg: 'none', typ: 'JWT', kid }));
  },
  verifyForAnotherProject: async () =>
    sdk(bearer(server.adminToken), fresh.project()).verifyIdToken((await signUp()).idToken),
  getUser: async () => {
    const { uid, email } = await signUp();
    return { uid, email, got: plain(await auth.getUser(uid)) };
  },
  create: async () => {
    const given = { uid: fresh.uid(), email: fresh.email(), displayName: 'Ada Lovelace' };
    return { given, got: plain(await auth.createUser({ ...given, password: fresh.password() })) };
  },
  update: async () => {
    const { uid } = await auth.createUser({});
    return plain(await auth.updateUser(uid, { displayName: 'Grace Hopper' })).displayName;
  },
  delete: async () => {
    const { uid } = await auth.createUser({});
    await auth.deleteUser(uid);
    return plain(await auth.getUser(uid));
  },
  verifyCookie: async () => {
    const { uid, idToken } = await signUp();
    return { uid, project: server.project, claims: await auth.verifySessionCookie(await cookieFor(idToken)) };
  },
  verifyCorruptCookie: async () => auth.verifySessionCookie(corrupt(await cookieFor((await signUp()).idToken))),
  customToken: async () => {
    const uid = fresh.uid();
    const { idToken } = await exchange(await minter.createCustomToken(uid, { role: 'editor' }));
    return { uid, claims: await auth.verifyIdToken(idToken) };
  },
  corruptCustomToken: async () => exchange(corrupt(await minter.createCustomToken(fresh.uid()))),
  unsignedCustomToken: async () =>
    exchange(unsigned(await minter.createCustomToken(fresh.uid()), { alg: 'none', typ: 'JWT' })),
  callAsOwner: () => sdk(bearer('owner')).getUserByEmail(fresh.email()),
  callWithUnknownToken: () => sdk(bearer(`ya29.${word()}`)).getUserByEmail(fresh.email()),
});

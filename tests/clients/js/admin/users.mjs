// firebase-admin in emulator mode: the life of a user record.
import { initializeApp } from 'firebase-admin/app';
import { getAuth } from 'firebase-admin/auth';
import { fresh, plain, report, rest, server, word } from './harness.mjs';

const auth = getAuth(initializeApp({ projectId: server.project }));
const google = (rawId, email) => ({ providerId: 'google.com', uid: rawId, email });
const create = async (fields = {}) => plain(await auth.createUser(fields));
const everyField = () => ({
  uid: fresh.uid(),
  email: fresh.email(),
  emailVerified: true,
  phoneNumber: fresh.phone(),
  displayName: 'Ada Lovelace',
  photoURL: 'https://example.com/ada.png',
  disabled: true,
});

async function everyPage(project, size) {
  const lister = getAuth(initializeApp({ projectId: project }, project));
  const created = [];
  for (let n = 0; n < 5; n += 1) created.push((await lister.createUser({})).uid);
  const pages = [];
  // Never more pages than users, so that a server that ignores the page token cannot hold us here.
  for (let token; pages.length <= created.length; ) {
    const page = await lister.listUsers(size, token);
    if (page.users.length > 0) pages.push(page.users.map(({ uid }) => uid));
    token = page.pageToken;
    if (token === undefined) break;
  }
  return { created, pages };
}

await report({
  createWithEveryField: async () => {
    const given = everyField();
    return { given, got: await create({ ...given, password: fresh.password() }) };
  },
  createWithoutUid: async () => (await auth.createUser({ email: fresh.email() })).uid,
  createWithoutSigningIn: async () => (await auth.createUser({ email: fresh.email() })).metadata.lastSignInTime,
  getByUid: async () => {
    const user = await create();
    return { user, got: plain(await auth.getUser(user.uid)) };
  },
  getByEmail: async () => {
    const user = await create({ email: fresh.email() });
    return { user, got: plain(await auth.getUserByEmail(user.email)) };
  },
  getByEmailInCapitals: async () => {
    const user = await create({ email: fresh.email() });
    return { user, got: plain(await auth.getUserByEmail(user.email.toUpperCase())) };
  },
  getByPhone: async () => {
    const user = await create({ phoneNumber: fresh.phone() });
    return { user, got: plain(await auth.getUserByPhoneNumber(user.phoneNumber)) };
  },
  getManyByMixedIdentifiers: async () => {
    const [one, two, three, four] = [
      await create(),
      await create({ email: fresh.email() }),
      await create({ phoneNumber: fresh.phone() }),
      await create(),
    ];
    const rawId = word();
    await auth.updateUser(four.uid, { providerToLink: google(rawId, fresh.email()) });
    const known = [
      { uid: one.uid },
      { email: two.email },
      { phoneNumber: three.phoneNumber },
      { providerId: 'google.com', providerUid: rawId },
    ];
    const unknown = [
      { uid: fresh.uid() },
      { email: fresh.email() },
      { phoneNumber: fresh.phone() },
      { providerId: 'google.com', providerUid: word() },
    ];
    const found = await auth.getUsers([...known, ...unknown]);
    const uids = [one, two, three, four].map(({ uid }) => uid).sort();
    return { uids, unknown, found: found.users.map(({ uid }) => uid).sort(), notFound: found.notFound };
  },
  getManyWhenNobodyMatches: async () => (await auth.getUsers([{ uid: fresh.uid() }])).users.length,
  getOneAskedForTwice: async () => {
    const user = await create({ email: fresh.email() });
    return (await auth.getUsers([{ uid: user.uid }, { email: user.email }])).users.length;
  },
  updateEveryField: async () => {
    const { uid } = await create();
    const given = { ...everyField(), uid };
    const { uid: _, ...changes } = given;
    return { given, got: plain(await auth.updateUser(uid, changes)) };
  },
  clearOptionalFields: async () => {
    const { uid, email } = await create({ ...everyField(), disabled: false });
    const cleared = { displayName: null, photoURL: null, phoneNumber: null };
    return { email, got: plain(await auth.updateUser(uid, cleared)) };
  },
  changePassword: async () => {
    const { uid, email } = await create({ email: fresh.email(), password: fresh.password() });
    const password = fresh.password();
    await auth.updateUser(uid, { password });
    return { uid, got: (await rest('accounts:signInWithPassword', { email, password })).localId };
  },
  linkProvider: async () => {
    const { uid } = await create();
    const rawId = word();
    return { rawId, got: plain(await auth.updateUser(uid, { providerToLink: google(rawId, fresh.email()) })) };
  },
  getByProviderUid: async () => {
    const { uid } = await create();
    const rawId = word();
    await auth.updateUser(uid, { providerToLink: google(rawId, fresh.email()) });
    return { uid, got: (await auth.getUserByProviderUid('google.com', rawId)).uid };
  },
  unlinkProvider: async () => {
    const { uid } = await create();
    await auth.updateUser(uid, { providerToLink: google(word(), fresh.email()) });
    return plain(await auth.updateUser(uid, { providersToUnlink: ['google.com'] })).providers;
  },
  listInPagesOfTwo: () => everyPage(fresh.project(), 2),
  listInOnePage: () => everyPage(fresh.project(), 1000),
  importWithoutHashes: async () => {
    const rawId = word();
    const given = { ...everyField(), customClaims: { plan: 'gold' } };
    const second = { uid: fresh.uid() };
    const result = await auth.importUsers([{ ...given, providerData: [google(rawId, given.email)] }, second]);
    const both = await auth.getUsers([{ uid: given.uid }, { uid: second.uid }]);
    return { given, rawId, result, found: both.users.length, got: plain(await auth.getUser(given.uid)) };
  },
  importWithOneBadUser: async () => {
    const { uid } = await create();
    const rawId = word();
    await auth.updateUser(uid, { providerToLink: google(rawId, fresh.email()) });
    const good = { uid: fresh.uid() };
    const bad = { uid: fresh.uid(), providerData: [google(rawId, fresh.email())] };
    const result = await auth.importUsers([good, bad]);
    const left = await auth.getUsers([{ uid: good.uid }, { uid: bad.uid }]);
    const errors = result.errors.map(({ index, error }) => ({ index, code: error.code }));
    return { good: good.uid, result: { ...result, errors }, left: left.users.map((user) => user.uid) };
  },
  deleteOne: async () => {
    const { uid } = await create();
    await auth.deleteUser(uid);
    return plain(await auth.getUser(uid));
  },
  deleteMany: async () => {
    const [one, two, kept] = [await create(), await create(), await create()];
    const result = await auth.deleteUsers([one.uid, two.uid, fresh.uid()]);
    const left = await auth.getUsers([one, two, kept].map(({ uid }) => ({ uid })));
    return { kept: kept.uid, result, left: left.users.map(({ uid }) => uid) };
  },
  setCustomClaims: async () => {
    const { uid } = await create();
    await auth.setCustomUserClaims(uid, { role: 'editor', level: 3, tags: ['a', 'b'] });
    return (await auth.getUser(uid)).customClaims;
  },
  clearCustomClaims: async () => {
    const { uid } = await create();
    await auth.setCustomUserClaims(uid, { role: 'editor' });
    await auth.setCustomUserClaims(uid, null);
    return plain(await auth.getUser(uid)).customClaims;
  },
  setClaimsOfThousandCharacters: async () => {
    const { uid } = await create();
    await auth.setCustomUserClaims(uid, { a: 'x'.repeat(1000 - '{"a":""}'.length) });
    return JSON.stringify((await auth.getUser(uid)).customClaims).length;
  },
  createWithTakenEmail: async () => {
    const { email } = await create({ email: fresh.email() });
    return create({ email });
  },
  createWithTakenEmailInCapitals: async () => {
    const { email } = await create({ email: fresh.email() });
    return create({ email: email.toUpperCase() });
  },
  createWithTakenUid: async () => {
    const { uid } = await create();
    return create({ uid });
  },
  createWithTakenPhone: async () => {
    const { phoneNumber } = await create({ phoneNumber: fresh.phone() });
    return create({ phoneNumber });
  },
  updateToTakenEmail: async () => {
    const { email } = await create({ email: fresh.email() });
    return auth.updateUser((await create()).uid, { email });
  },
  updateToTakenPhone: async () => {
    const { phoneNumber } = await create({ phoneNumber: fresh.phone() });
    return auth.updateUser((await create()).uid, { phoneNumber });
  },
  getUnknownUid: () => auth.getUser(fresh.uid()),
  getUnknownEmail: () => auth.getUserByEmail(fresh.email()),
  getUnknownPhone: () => auth.getUserByPhoneNumber(fresh.phone()),
  getUnknownProviderUid: () => auth.getUserByProviderUid('google.com', word()),
  updateUnknownUid: () => auth.updateUser(fresh.uid(), { displayName: 'Nobody' }),
  deleteUnknownUid: () => auth.deleteUser(fresh.uid()),
});

// firebase-admin in emulator mode: action links, whose codes an app then spends over REST.
import { initializeApp } from 'firebase-admin/app';
import { getAuth } from 'firebase-admin/auth';
import { fresh, report, rest, server } from './harness.mjs';

const auth = getAuth(initializeApp({ projectId: server.project }));
const NEXT = 'http://localhost/next?step=2';
const settings = { url: NEXT, handleCodeInApp: true };
const create = (fields = {}) => auth.createUser({ email: fresh.email(), password: fresh.password(), ...fields });
const query = (link) => Object.fromEntries(new URL(link).searchParams);
const code = (link) => query(link).oobCode;
const signIn = (email, password) => rest('accounts:signInWithPassword', { email, password, returnSecureToken: true });
const reset = (oobCode, newPassword) => rest('accounts:resetPassword', { oobCode, newPassword });

await report({
  resetLink: async () => {
    const { email } = await create();
    const { mode, oobCode, continueUrl } = query(await auth.generatePasswordResetLink(email, settings));
    return { mode, hasCode: oobCode.length > 0, continueUrl };
  },
  resetPassword: async () => {
    const { uid, email } = await create();
    const password = fresh.password();
    await reset(code(await auth.generatePasswordResetLink(email)), password);
    return { uid, got: (await signIn(email, password)).localId };
  },
  resetPasswordTwice: async () => {
    const { email } = await create();
    const oobCode = code(await auth.generatePasswordResetLink(email));
    await reset(oobCode, fresh.password());
    return reset(oobCode, fresh.password());
  },
  resetLinkForUnknownEmail: () => auth.generatePasswordResetLink(fresh.email()),
  verificationLink: async () => {
    const { email } = await create();
    return query(await auth.generateEmailVerificationLink(email)).mode;
  },
  verifyEmail: async () => {
    const { uid, email } = await create();
    await rest('accounts:update', { oobCode: code(await auth.generateEmailVerificationLink(email)) });
    return (await auth.getUser(uid)).emailVerified;
  },
  signInLink: async () => query(await auth.generateSignInWithEmailLink(fresh.email(), settings)).mode,
  signInWithLink: async () => {
    const { uid, email } = await create();
    const oobCode = code(await auth.generateSignInWithEmailLink(email, settings));
    const { localId } = await rest('accounts:signInWithEmailLink', { email, oobCode });
    return { uid, got: localId, verified: (await auth.getUser(uid)).emailVerified };
  },
  signInWithLinkAsNewUser: async () => {
    const email = fresh.email();
    const oobCode = code(await auth.generateSignInWithEmailLink(email, settings));
    return (await rest('accounts:signInWithEmailLink', { email, oobCode })).isNewUser;
  },
  signInWithLinkOfAnother: async () => {
    const oobCode = code(await auth.generateSignInWithEmailLink(fresh.email(), settings));
    return rest('accounts:signInWithEmailLink', { email: fresh.email(), oobCode });
  },
  changeEmailLink: async () => {
    const { uid, email } = await create();
    const next = fresh.email();
    const link = await auth.generateVerifyAndChangeEmailLink(email, next);
    await rest('accounts:update', { oobCode: code(link) });
    const user = await auth.getUser(uid);
    return { next, mode: query(link).mode, email: user.email, verified: user.emailVerified };
  },
});

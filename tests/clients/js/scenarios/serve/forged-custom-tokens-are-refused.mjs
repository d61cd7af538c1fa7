// Unsigned, as the emulator takes them, and signed by a key that is not the project's.
export default async ({ sdk, auth, check, operator, uid }) => {
  const unsigned = await operator.customToken(uid('mallory'), {}, 'unsigned');
  await check.refused(sdk.signInWithCustomToken(auth, unsigned), 'auth/invalid-custom-token');
  const foreign = await operator.customToken(uid('mallory'), {}, 'foreign');
  await check.refused(sdk.signInWithCustomToken(auth, foreign), 'auth/invalid-custom-token');
  check.equal(auth.currentUser, null, 'current user');
};

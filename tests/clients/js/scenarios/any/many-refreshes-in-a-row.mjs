export default async ({ sdk, auth, check }) => {
  const { user } = await sdk.signInAnonymously(auth);
  for (let turn = 0; turn < 12; turn += 1) await user.getIdToken(true);
  await user.reload();
  check.equal(auth.currentUser?.uid, user.uid, 'current user');
};

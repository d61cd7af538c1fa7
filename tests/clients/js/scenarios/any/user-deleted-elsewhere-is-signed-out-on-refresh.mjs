export default async ({ sdk, auth, check, operator }) => {
  const { user } = await sdk.signInAnonymously(auth);
  await operator.remove(user.uid);
  await check.refused(user.getIdToken(true), 'auth/user-token-expired');
  check.equal(auth.currentUser, null, 'current user');
};

export default async ({ sdk, auth, check, nextSecond, operator }) => {
  const { user } = await sdk.signInAnonymously(auth);
  await nextSecond();
  await operator.revoke(user.uid);
  await check.refused(user.reload(), 'auth/user-token-expired');
  check.equal(auth.currentUser, null, 'current user');
};

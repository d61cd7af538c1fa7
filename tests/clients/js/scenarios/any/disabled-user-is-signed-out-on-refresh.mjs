export default async ({ sdk, auth, check, operator }) => {
  const { user } = await sdk.signInAnonymously(auth);
  await operator.disable(user.uid);
  await check.refused(user.getIdToken(true), 'auth/user-disabled');
};

export default async ({ sdk, auth, check, nextSecond, operator }) => {
  const { user } = await sdk.signInAnonymously(auth);
  await operator.setClaims(user.uid, { role: 'editor', teams: ['a', 'b'] });
  await nextSecond();
  const { claims } = await user.getIdTokenResult(true);
  check.equal([claims.role, claims.teams], ['editor', ['a', 'b']], 'claims');
};

// They belong to the session, not to the account: a sign-in without them has none.
export default async ({ sdk, auth, check, device, nextSecond, operator, uid }) => {
  const name = uid('claims');
  const { user } = await sdk.signInWithCustomToken(auth, await operator.customToken(name, { plan: 'gold', seats: 7 }));
  await nextSecond();
  const { claims } = await user.getIdTokenResult(true);
  check.equal([claims.plan, claims.seats], ['gold', 7], 'claims after the refresh');
  const { user: plain } = await sdk.signInWithCustomToken(device(), await operator.customToken(name));
  check.equal((await plain.getIdTokenResult()).claims.plan, undefined, 'claims of another session');
};

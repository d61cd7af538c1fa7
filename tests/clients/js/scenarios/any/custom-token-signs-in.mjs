export default async ({ sdk, auth, check, device, operator, uid }) => {
  const name = uid('robot');
  const first = await sdk.signInWithCustomToken(auth, await operator.customToken(name));
  check.equal([first.user.uid, first.user.isAnonymous], [name, false], 'account');
  check.equal((await first.user.getIdTokenResult()).signInProvider, 'custom', 'provider');
  const second = await sdk.signInWithCustomToken(device(), await operator.customToken(name));
  check.equal(second.user.uid, name, 'the second sign-in finds the account');
};

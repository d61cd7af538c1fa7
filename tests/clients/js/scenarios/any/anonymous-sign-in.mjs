export default async ({ sdk, auth, check }) => {
  const { user } = await sdk.signInAnonymously(auth);
  check.equal([user.isAnonymous, user.email, user.providerData.length], [true, null, 0], 'account');
  const { claims, signInProvider } = await user.getIdTokenResult();
  check.equal([claims.provider_id, signInProvider], ['anonymous', 'anonymous'], 'provider');
  check.equal((await sdk.signInAnonymously(auth)).user.uid, user.uid, 'the second sign-in keeps the account');
};

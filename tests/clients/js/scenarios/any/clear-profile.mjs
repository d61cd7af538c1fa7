// An app clears its profile with empty texts; the SDK sends them as they are.
export default async ({ sdk, auth, check, email, nextSecond, password }) => {
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('clear'), password);
  await sdk.updateProfile(user, { displayName: 'Ada', photoURL: 'https://example.com/ada.png' });
  await sdk.updateProfile(user, { displayName: '', photoURL: '' });
  await user.reload();
  check.ok(!user.displayName && !user.photoURL, 'the profile is empty');
  await nextSecond();
  const { claims } = await user.getIdTokenResult(true);
  check.ok(!claims.name && !claims.picture, 'the claims are empty');
};

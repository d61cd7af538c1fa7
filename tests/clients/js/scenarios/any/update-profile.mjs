export default async ({ sdk, auth, check, email, nextSecond, password }) => {
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('profile'), password);
  await sdk.updateProfile(user, { displayName: 'Zoë Ünal 🦊', photoURL: 'https://example.com/zoe.png' });
  await user.reload();
  check.equal([user.displayName, user.photoURL], ['Zoë Ünal 🦊', 'https://example.com/zoe.png'], 'profile');
  await nextSecond();
  const { claims } = await user.getIdTokenResult(true);
  check.equal([claims.name, claims.picture], ['Zoë Ünal 🦊', 'https://example.com/zoe.png'], 'claims');
};

// Two instances with one refresh token, as two tabs or a worker and its page have it; nobody may be signed out.
export default async ({ sdk, auth, check, device }) => {
  const other = device();
  const { user } = await sdk.signInAnonymously(auth);
  await sdk.updateCurrentUser(other, user);
  for (let turn = 0; turn < 5; turn += 1) {
    await Promise.all([user.getIdToken(true), other.currentUser.getIdToken(true)]);
  }
  await Promise.all([user.reload(), other.currentUser.reload()]);
  check.equal([auth.currentUser?.uid, other.currentUser?.uid], [user.uid, user.uid], 'current users');
};

export default async ({ sdk, auth, check, device, email, nextSecond, password }) => {
  const after = email('after');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('before'), password);
  await nextSecond();
  await sdk.updateEmail(user, after);
  await user.reload();
  check.equal([user.email, user.emailVerified], [after, false], 'account');
  await user.getIdToken(true);
  check.equal(auth.currentUser?.uid, user.uid, 'current user');
  check.equal((await sdk.signInWithEmailAndPassword(device(), after, password)).user.uid, user.uid, 'account');
};

export default async ({ sdk, auth, check, email, password, refusal }) => {
  const address = email('leaver');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.deleteUser(user);
  check.equal(auth.currentUser, null, 'current user');
  await check.refused(sdk.signInWithEmailAndPassword(auth, address, password), refusal.unknownUser);
  const again = await sdk.createUserWithEmailAndPassword(auth, address, password);
  check.ok(again.user.uid !== user.uid, 'the same address makes a new account');
};

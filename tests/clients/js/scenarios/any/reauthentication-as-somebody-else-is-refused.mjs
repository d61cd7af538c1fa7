export default async ({ sdk, auth, check, device, email, password }) => {
  const [mine, theirs] = [email('mine'), email('theirs')];
  await sdk.createUserWithEmailAndPassword(device(), theirs, password);
  const { user } = await sdk.createUserWithEmailAndPassword(auth, mine, password);
  const other = sdk.EmailAuthProvider.credential(theirs, password);
  await check.refused(sdk.reauthenticateWithCredential(user, other), 'auth/user-mismatch');
  check.equal(auth.currentUser?.uid, user.uid, 'current user');
};

export default async ({ sdk, auth, check, email }) => {
  await check.refused(sdk.createUserWithEmailAndPassword(auth, email('five'), '12345'), 'auth/weak-password');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('six'), '123456');
  check.equal(auth.currentUser.uid, user.uid, 'current user');
};

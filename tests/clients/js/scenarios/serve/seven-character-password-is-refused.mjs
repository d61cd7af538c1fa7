export default async ({ sdk, auth, check, email }) => {
  await check.refused(sdk.createUserWithEmailAndPassword(auth, email('seven'), '7 chars'), 'auth/weak-password');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('eight'), '8 chars!');
  check.equal(auth.currentUser.uid, user.uid, 'current user');
};

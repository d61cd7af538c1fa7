export default async ({ sdk, auth, check, email }) => {
  await check.refused(sdk.createUserWithEmailAndPassword(auth, email('weak'), 'short'), 'auth/weak-password');
  check.equal(auth.currentUser, null, 'current user');
};

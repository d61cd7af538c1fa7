// accounts:signUp and the lookup behind it, as createUserWithEmailAndPassword reads them.
export default async ({ sdk, auth, check, email, password }) => {
  const address = email('ada');
  const credential = await sdk.createUserWithEmailAndPassword(auth, address, password);
  const { user } = credential;
  check.equal(auth.currentUser.uid, user.uid, 'current user');
  check.equal([user.email, user.emailVerified, user.isAnonymous], [address, false, false], 'account');
  check.equal(user.providerData.map((entry) => entry.providerId), ['password'], 'providers');
  check.equal(sdk.getAdditionalUserInfo(credential).isNewUser, true, 'isNewUser');
  check.ok(Date.parse(user.metadata.creationTime) > 0, 'the creation time is a date');
  check.ok(Date.parse(user.metadata.lastSignInTime) > 0, 'the sign-in time is a date');
};

export default async ({ sdk, auth, check, email, password }) => {
  const address = email('before');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await check.refused(sdk.updateEmail(user, email('after')), 'auth/operation-not-allowed');
  await user.reload();
  check.equal(user.email, address, 'address');
};

// Unlinking the password takes the address too; the user stays signed in, and the address is free again.
export default async ({ sdk, auth, check, device, email, password }) => {
  const address = email('unlinker');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.unlink(user, 'password');
  check.equal(user.providerData, [], 'ways to sign in');
  await user.reload();
  const { claims } = await user.getIdTokenResult(true);
  check.ok(!user.email && !claims.email, 'no address is left');
  check.equal(auth.currentUser.uid, user.uid, 'current user');
  const other = await sdk.createUserWithEmailAndPassword(device(), address, password);
  check.ok(other.user.uid !== user.uid, 'the address makes a new account');
};

export default async ({ sdk, auth, check, device, email, newPassword, nextSecond, password }) => {
  const address = email('others');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  const other = device();
  const { user: elsewhere } = await sdk.signInWithEmailAndPassword(other, address, password);
  await nextSecond();
  await sdk.updatePassword(user, newPassword);
  await check.refused(elsewhere.getIdToken(true), 'auth/user-token-expired');
  check.equal(other.currentUser, null, 'current user of the other device');
};

// The device that changes the password stays signed in with the tokens that the answer brings.
export default async ({ sdk, auth, check, device, email, newPassword, nextSecond, password, refusal }) => {
  const address = email('change');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await nextSecond();
  await sdk.updatePassword(user, newPassword);
  await user.reload();
  await user.getIdToken(true);
  check.equal(auth.currentUser?.uid, user.uid, 'current user');
  await check.refused(sdk.signInWithEmailAndPassword(device(), address, password), refusal.wrongPassword);
  check.equal((await sdk.signInWithEmailAndPassword(device(), address, newPassword)).user.uid, user.uid, 'account');
};

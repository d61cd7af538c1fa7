export default async ({ sdk, auth, check, device, email, nextSecond, operator, password }) => {
  const address = email('back');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await nextSecond();
  await operator.revoke(user.uid);
  const again = await sdk.signInWithEmailAndPassword(device(), address, password);
  await again.user.getIdToken(true);
  await again.user.reload();
  check.equal(again.user.uid, user.uid, 'account');
};

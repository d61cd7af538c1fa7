export default async ({ sdk, auth, check, device, email, password }) => {
  const [mine, theirs] = [email('mine'), email('theirs')];
  await sdk.createUserWithEmailAndPassword(device(), theirs, password);
  const { user } = await sdk.createUserWithEmailAndPassword(auth, mine, password);
  await check.refused(sdk.updateEmail(user, theirs), 'auth/email-already-in-use');
  await check.refused(sdk.verifyBeforeUpdateEmail(user, theirs), 'auth/email-already-in-use');
  await user.reload();
  check.equal(user.email, mine, 'address');
};

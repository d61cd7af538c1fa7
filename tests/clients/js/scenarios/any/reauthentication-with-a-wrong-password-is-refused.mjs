export default async ({ sdk, auth, check, email, password, refusal }) => {
  const address = email('reauth');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  const wrong = sdk.EmailAuthProvider.credential(address, `${password}!`);
  await check.refused(sdk.reauthenticateWithCredential(user, wrong), refusal.wrongPassword);
  await user.reload();
  check.equal(auth.currentUser?.uid, user.uid, 'current user');
};

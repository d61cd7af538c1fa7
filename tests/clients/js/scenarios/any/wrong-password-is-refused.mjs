export default async ({ sdk, auth, check, device, email, password, refusal }) => {
  const address = email('wrong');
  await sdk.createUserWithEmailAndPassword(auth, address, password);
  const other = device();
  await check.refused(sdk.signInWithEmailAndPassword(other, address, `${password}!`), refusal.wrongPassword);
  check.equal(other.currentUser, null, 'current user');
};

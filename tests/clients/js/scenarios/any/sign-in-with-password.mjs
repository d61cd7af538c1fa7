// The same account on another device, its address typed in capitals.
export default async ({ sdk, auth, check, device, email, password }) => {
  const address = email('ben');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  const credential = await sdk.signInWithEmailAndPassword(device(), address.toUpperCase(), password);
  check.equal([credential.user.uid, credential.user.email], [user.uid, address], 'account');
  check.equal(credential.operationType, 'signIn', 'operation');
};

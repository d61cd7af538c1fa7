export default async ({ sdk, auth, check, email, nextSecond, password }) => {
  const address = email('reauth');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  const before = await user.getIdTokenResult();
  await nextSecond();
  const credential = await sdk.reauthenticateWithCredential(user, sdk.EmailAuthProvider.credential(address, password));
  const after = await user.getIdTokenResult();
  check.equal([credential.user.uid, credential.operationType], [user.uid, 'reauthenticate'], 'account');
  check.ok(Number(after.claims.auth_time) > Number(before.claims.auth_time), 'auth_time has moved');
};

// linkWithCredential: signUp with the ID token of the guest.
export default async ({ sdk, auth, check, device, email, password }) => {
  const address = email('guest');
  const { user: guest } = await sdk.signInAnonymously(auth);
  const credential = await sdk.linkWithCredential(guest, sdk.EmailAuthProvider.credential(address, password));
  check.equal([credential.user.uid, credential.operationType], [guest.uid, 'link'], 'account');
  check.equal([guest.isAnonymous, guest.email], [false, address], 'the guest is now a member');
  check.equal((await guest.getIdTokenResult()).signInProvider, 'password', 'provider');
  const { user } = await sdk.signInWithEmailAndPassword(device(), address, password);
  check.equal(user.uid, guest.uid, 'account behind the password');
};

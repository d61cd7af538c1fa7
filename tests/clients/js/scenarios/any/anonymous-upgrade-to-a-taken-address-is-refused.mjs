export default async ({ sdk, auth, check, device, email, password }) => {
  const address = email('owner');
  await sdk.createUserWithEmailAndPassword(device(), address, password);
  const { user: guest } = await sdk.signInAnonymously(auth);
  const link = sdk.linkWithCredential(guest, sdk.EmailAuthProvider.credential(address, password));
  await check.refused(link, 'auth/email-already-in-use');
  await guest.reload();
  check.equal([auth.currentUser.uid, guest.isAnonymous], [guest.uid, true], 'the guest stays a guest');
};

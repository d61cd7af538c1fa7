const settings = { url: 'http://localhost/finish', handleCodeInApp: true };

export default async ({ sdk, auth, check, device, email, mailbox }) => {
  const address = email('guest');
  const { user: guest } = await sdk.signInAnonymously(auth);
  await sdk.sendSignInLinkToEmail(auth, address, settings);
  const { link } = await mailbox.newest(address, 'signIn');
  await sdk.linkWithCredential(guest, sdk.EmailAuthProvider.credentialWithLink(address, link));
  check.equal([guest.isAnonymous, guest.email, guest.emailVerified], [false, address, true], 'the guest is now a member');
  await sdk.sendSignInLinkToEmail(auth, address, settings);
  let next = link;
  while (next === link) next = (await mailbox.newest(address, 'signIn')).link;
  check.equal((await sdk.signInWithEmailLink(device(), address, next)).user.uid, guest.uid, 'account behind the address');
};

// Whoever finds a link must also know to whom it was sent.
const settings = { url: 'http://localhost/finish', handleCodeInApp: true };

export default async ({ sdk, auth, check, email, mailbox }) => {
  const address = email('mine');
  await sdk.sendSignInLinkToEmail(auth, address, settings);
  const { link } = await mailbox.newest(address, 'signIn');
  await check.refused(sdk.signInWithEmailLink(auth, email('yours'), link), 'auth/invalid-email');
  check.equal(auth.currentUser, null, 'current user');
};

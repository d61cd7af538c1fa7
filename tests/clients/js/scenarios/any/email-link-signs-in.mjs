const settings = { url: 'http://localhost/finish', handleCodeInApp: true };

export default async ({ sdk, auth, check, email, mailbox }) => {
  const address = email('link');
  await sdk.sendSignInLinkToEmail(auth, address, settings);
  const { link } = await mailbox.newest(address, 'signIn');
  check.ok(sdk.isSignInWithEmailLink(auth, link), 'the SDK knows the link as one that signs in');
  const credential = await sdk.signInWithEmailLink(auth, address, link);
  check.equal([credential.user.email, credential.user.emailVerified], [address, true], 'account');
  check.equal(sdk.getAdditionalUserInfo(credential).isNewUser, true, 'isNewUser');
  check.equal(credential.user.providerData.map((entry) => entry.providerId), ['password'], 'providers');
};

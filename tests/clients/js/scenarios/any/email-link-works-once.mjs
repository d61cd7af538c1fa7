const settings = { url: 'http://localhost/finish', handleCodeInApp: true };

export default async ({ sdk, auth, check, device, email, mailbox }) => {
  const address = email('once');
  await sdk.sendSignInLinkToEmail(auth, address, settings);
  const { link } = await mailbox.newest(address, 'signIn');
  await sdk.signInWithEmailLink(auth, address, link);
  await check.refused(sdk.signInWithEmailLink(device(), address, link), 'auth/invalid-action-code');
};

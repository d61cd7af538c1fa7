const settings = { url: 'http://localhost/finish', handleCodeInApp: true };

export default async ({ sdk, auth, check, email, mailbox, password }) => {
  const [byPassword, byLink] = [email('password'), email('link')];
  await sdk.createUserWithEmailAndPassword(auth, byPassword, password);
  await sdk.sendSignInLinkToEmail(auth, byLink, settings);
  await sdk.signInWithEmailLink(auth, byLink, (await mailbox.newest(byLink, 'signIn')).link);
  check.equal(await sdk.fetchSignInMethodsForEmail(auth, byPassword), ['password'], 'methods of a password user');
  check.equal(await sdk.fetchSignInMethodsForEmail(auth, byLink), ['emailLink'], 'methods of a link user');
  check.equal(await sdk.fetchSignInMethodsForEmail(auth, email('nobody')), [], 'methods of nobody');
};

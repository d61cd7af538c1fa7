// The claims that every verifier of Firebase tokens reads.
export default async ({ sdk, auth, check, email, password, server }) => {
  const address = email('claims');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  const { claims, signInProvider } = await user.getIdTokenResult();
  check.equal([claims.sub, claims.user_id], [user.uid, user.uid], 'subject');
  check.equal(claims.aud, server.project, 'audience');
  check.equal(claims.iss, `https://securetoken.google.com/${server.project}`, 'issuer');
  check.equal(Number(claims.exp) - Number(claims.iat), 3600, 'lifetime in seconds');
  check.equal([claims.email, claims.email_verified], [address, false], 'address');
  check.equal(claims.firebase.identities, { email: [address] }, 'identities');
  check.equal(signInProvider, 'password', 'provider');
};

export default async ({ sdk, auth, check, email, nextSecond, password }) => {
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('refresh'), password);
  const before = await user.getIdTokenResult();
  await nextSecond();
  const after = await user.getIdTokenResult(true);
  check.ok(after.token !== before.token, 'the token is a new one');
  check.ok(Number(after.claims.iat) > Number(before.claims.iat), 'it was issued later');
  check.equal(after.claims.auth_time, before.claims.auth_time, 'auth_time');
  check.equal([after.claims.sub, after.signInProvider], [user.uid, 'password'], 'session');
  check.equal(await user.getIdToken(), after.token, 'the new token is the one in use');
};

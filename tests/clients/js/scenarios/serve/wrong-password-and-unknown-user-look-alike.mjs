// E-mail enumeration protection: nothing in the answer may tell which it was.
export default async ({ sdk, auth, check, device, email, password }) => {
  const address = email('known');
  await sdk.createUserWithEmailAndPassword(auth, address, password);
  const answer = (who) => sdk.signInWithEmailAndPassword(device(), who, `${password}!`).then(() => 'success', (error) => error);
  const [known, unknown] = [await answer(address), await answer(email('nobody'))];
  check.equal([known.code, unknown.code], ['auth/invalid-credential', 'auth/invalid-credential'], 'codes');
  check.equal(known.message, unknown.message, 'message');
};

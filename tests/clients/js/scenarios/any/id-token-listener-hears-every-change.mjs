// onIdTokenChanged hears sign-in, refresh and sign-out; onAuthStateChanged only who is signed in.
export default async ({ sdk, auth, check, nextSecond }) => {
  const [tokens, states] = [[], []];
  await auth.authStateReady();
  sdk.onIdTokenChanged(auth, (user) => tokens.push(user?.uid ?? null));
  sdk.onAuthStateChanged(auth, (user) => states.push(user?.uid ?? null));
  await new Promise((resolve) => setTimeout(resolve));
  const { user } = await sdk.signInAnonymously(auth);
  await nextSecond();
  await user.getIdToken(true);
  await sdk.signOut(auth);
  check.equal(tokens, [null, user.uid, user.uid, null], 'changes of the token');
  check.equal(states, [null, user.uid, null], 'changes of the user');
};

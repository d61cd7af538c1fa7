export default async ({ sdk, auth, check, email, password }) => {
  const address = email('hidden');
  await sdk.createUserWithEmailAndPassword(auth, address, password);
  check.equal(await sdk.fetchSignInMethodsForEmail(auth, address), [], 'methods');
};

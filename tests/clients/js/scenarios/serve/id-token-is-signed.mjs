export default async ({ sdk, auth, check }) => {
  const { user } = await sdk.signInAnonymously(auth);
  const [header, , signature] = (await user.getIdToken()).split('.');
  const { alg, kid } = JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/')));
  check.equal(alg, 'RS256', 'algorithm');
  check.ok(kid && signature.length >= 342, 'it names a key and carries a 2048-bit signature');
};

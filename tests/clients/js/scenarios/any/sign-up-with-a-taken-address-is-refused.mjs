// Sign-up is the one call that must name a taken address, with enumeration protection too.
export default async ({ sdk, auth, check, device, email, password }) => {
  const address = email('taken');
  await sdk.createUserWithEmailAndPassword(auth, address, password);
  const again = sdk.createUserWithEmailAndPassword(device(), address.toUpperCase(), password);
  await check.refused(again, 'auth/email-already-in-use');
};

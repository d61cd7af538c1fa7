export default async ({ sdk, auth, check, device, email, operator, password }) => {
  const address = email('barred');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await operator.disable(user.uid);
  await check.refused(sdk.signInWithEmailAndPassword(device(), address, password), 'auth/user-disabled');
};

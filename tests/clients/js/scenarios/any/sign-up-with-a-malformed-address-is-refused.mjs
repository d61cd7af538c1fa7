export default async ({ sdk, auth, check, password }) => {
  await check.refused(sdk.createUserWithEmailAndPassword(auth, 'no-at-sign', password), 'auth/invalid-email');
};

export default async ({ sdk, auth, check }) => {
  await check.refused(sdk.signInWithCustomToken(auth, 'not.a.token'), 'auth/invalid-custom-token');
};

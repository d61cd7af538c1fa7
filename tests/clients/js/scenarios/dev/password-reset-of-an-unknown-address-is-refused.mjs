export default async ({ sdk, auth, check, email }) => {
  await check.refused(sdk.sendPasswordResetEmail(auth, email('nobody')), 'auth/user-not-found');
};

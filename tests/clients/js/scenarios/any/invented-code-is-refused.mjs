export default async ({ sdk, auth, check, newPassword }) => {
  await check.refused(sdk.applyActionCode(auth, 'invented'), 'auth/invalid-action-code');
  await check.refused(sdk.checkActionCode(auth, 'invented'), 'auth/invalid-action-code');
  await check.refused(sdk.confirmPasswordReset(auth, 'invented', newPassword), 'auth/invalid-action-code');
};

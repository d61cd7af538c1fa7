export default async ({ sdk, auth, check, email, mailbox, newPassword, password }) => {
  const address = email('once');
  await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.sendPasswordResetEmail(auth, address);
  const code = await mailbox.code(address, 'resetPassword');
  await sdk.confirmPasswordReset(auth, code, newPassword);
  await check.refused(sdk.confirmPasswordReset(auth, code, password), 'auth/invalid-action-code');
  await check.refused(sdk.verifyPasswordResetCode(auth, code), 'auth/invalid-action-code');
};

export default async ({ sdk, auth, check, email, mailbox, newPassword, nextSecond, password }) => {
  const address = email('stolen');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.sendPasswordResetEmail(auth, address);
  const code = await mailbox.code(address, 'resetPassword');
  await nextSecond();
  await sdk.confirmPasswordReset(auth, code, newPassword);
  await check.refused(user.reload(), 'auth/user-token-expired');
  check.equal(auth.currentUser, null, 'current user');
};

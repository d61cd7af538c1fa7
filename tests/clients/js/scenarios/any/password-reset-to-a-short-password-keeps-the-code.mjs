// The user mistypes once and must not have to ask for another mail.
export default async ({ sdk, auth, check, email, mailbox, newPassword, password }) => {
  const address = email('retry');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.sendPasswordResetEmail(auth, address);
  const code = await mailbox.code(address, 'resetPassword');
  await check.refused(sdk.confirmPasswordReset(auth, code, 'short'), 'auth/weak-password');
  await sdk.confirmPasswordReset(auth, code, newPassword);
  check.equal((await sdk.signInWithEmailAndPassword(auth, address, newPassword)).user.uid, user.uid, 'account');
};

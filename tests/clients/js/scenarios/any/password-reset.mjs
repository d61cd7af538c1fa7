// Send, look at the code without spending it, set the new password.
export default async ({ sdk, auth, check, email, mailbox, newPassword, password, refusal }) => {
  const address = email('forgot');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.signOut(auth);
  await sdk.sendPasswordResetEmail(auth, address);
  const code = await mailbox.code(address, 'resetPassword');
  check.equal(await sdk.verifyPasswordResetCode(auth, code), address, 'address behind the code');
  await sdk.confirmPasswordReset(auth, code, newPassword);
  await check.refused(sdk.signInWithEmailAndPassword(auth, address, password), refusal.wrongPassword);
  const again = await sdk.signInWithEmailAndPassword(auth, address, newPassword);
  check.equal([again.user.uid, again.user.emailVerified], [user.uid, true], 'account');
};

export default async ({ sdk, auth, check, email, mailbox, nextSecond, password }) => {
  const after = email('after');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, email('before'), password);
  await sdk.verifyBeforeUpdateEmail(user, after);
  const code = await mailbox.code(after, 'verifyAndChangeEmail');
  await nextSecond();
  await sdk.applyActionCode(auth, code);
  await check.refused(user.reload(), 'auth/user-token-expired');
  check.equal(auth.currentUser, null, 'current user');
};

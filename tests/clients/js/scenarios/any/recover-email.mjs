// The old address, if it was ever proved, is told of a change, and can take it back.
export default async ({ sdk, auth, check, email, mailbox, password }) => {
  const [before, after] = [email('before'), email('after')];
  const { user } = await sdk.createUserWithEmailAndPassword(auth, before, password);
  await sdk.sendEmailVerification(user);
  await sdk.applyActionCode(auth, await mailbox.code(before, 'verifyEmail'));
  await sdk.verifyBeforeUpdateEmail(user, after);
  await sdk.applyActionCode(auth, await mailbox.code(after, 'verifyAndChangeEmail'));
  const code = await mailbox.code(before, 'recoverEmail');
  const { operation, data } = await sdk.checkActionCode(auth, code);
  check.equal([operation, data.email], ['RECOVER_EMAIL', before], 'meaning of the code');
  await sdk.applyActionCode(auth, code);
  const again = await sdk.signInWithEmailAndPassword(auth, before, password);
  check.equal([again.user.uid, again.user.email], [user.uid, before], 'account');
};

export default async ({ sdk, auth, check, email, mailbox, password }) => {
  const [before, after] = [email('before'), email('after')];
  const { user } = await sdk.createUserWithEmailAndPassword(auth, before, password);
  await sdk.sendEmailVerification(user);
  await sdk.applyActionCode(auth, await mailbox.code(before, 'verifyEmail'));
  await sdk.updateEmail(user, after);
  await sdk.applyActionCode(auth, await mailbox.code(before, 'recoverEmail'));
  const again = await sdk.signInWithEmailAndPassword(auth, before, password);
  check.equal([again.user.uid, again.user.email], [user.uid, before], 'account');
};

// verifyBeforeUpdateEmail: the address changes when its owner has shown that it is theirs, and not before.
export default async ({ sdk, auth, check, device, email, mailbox, password, refusal }) => {
  const [before, after] = [email('before'), email('after')];
  const { user } = await sdk.createUserWithEmailAndPassword(auth, before, password);
  await sdk.verifyBeforeUpdateEmail(user, after);
  const code = await mailbox.code(after, 'verifyAndChangeEmail');
  const { operation, data } = await sdk.checkActionCode(auth, code);
  check.equal([operation, data.email, data.previousEmail], ['VERIFY_AND_CHANGE_EMAIL', after, before], 'meaning of the code');
  await check.refused(sdk.signInWithEmailAndPassword(device(), after, password), refusal.unknownUser);
  await sdk.applyActionCode(auth, code);
  await check.refused(sdk.signInWithEmailAndPassword(device(), before, password), refusal.unknownUser);
  const again = await sdk.signInWithEmailAndPassword(device(), after, password);
  check.equal([again.user.uid, again.user.email, again.user.emailVerified], [user.uid, after, true], 'account');
};

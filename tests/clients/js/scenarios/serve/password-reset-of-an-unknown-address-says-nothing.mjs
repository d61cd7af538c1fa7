// The mail to a known address, asked for later, has arrived when we look: the other one is not merely late.
export default async ({ sdk, auth, check, email, mailbox, password }) => {
  const [known, unknown] = [email('known'), email('nobody')];
  await sdk.createUserWithEmailAndPassword(auth, known, password);
  await sdk.sendPasswordResetEmail(auth, unknown);
  await sdk.sendPasswordResetEmail(auth, known);
  await mailbox.newest(known, 'resetPassword');
  check.equal(await mailbox.all(unknown), [], 'mails to the unknown address');
};

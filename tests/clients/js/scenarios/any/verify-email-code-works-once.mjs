export default async ({ sdk, auth, check, email, mailbox, password }) => {
  const address = email('once');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.sendEmailVerification(user);
  const code = await mailbox.code(address, 'verifyEmail');
  await sdk.applyActionCode(auth, code);
  await check.refused(sdk.applyActionCode(auth, code), 'auth/invalid-action-code');
};

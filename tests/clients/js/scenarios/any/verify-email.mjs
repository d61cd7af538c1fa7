export default async ({ sdk, auth, check, email, mailbox, password }) => {
  const address = email('verify');
  const { user } = await sdk.createUserWithEmailAndPassword(auth, address, password);
  await sdk.sendEmailVerification(user);
  const code = await mailbox.code(address, 'verifyEmail');
  const { operation, data } = await sdk.checkActionCode(auth, code);
  check.equal([operation, data.email], ['VERIFY_EMAIL', address], 'meaning of the code');
  await sdk.applyActionCode(auth, code);
  await user.reload();
  check.equal(user.emailVerified, true, 'emailVerified');
  check.equal((await user.getIdTokenResult(true)).claims.email_verified, true, 'claim after the refresh');
};

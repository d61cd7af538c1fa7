// Without e-mail enumeration protection, as the emulator answers.
export default async ({ sdk, auth, check, email, password }) => {
  await check.refused(sdk.signInWithEmailAndPassword(auth, email('nobody'), password), 'auth/user-not-found');
};

// What the scripts of this folder share. The server to talk to comes as JSON on standard input (it may hold a token,
// so it never stands in the arguments); the outcome of all checks goes out as one JSON line, judged in Python:
// {"<check>": {"value": ...}} where it returned, {"<check>": {"error": {"code", "message", "status"}}} where it threw.
import { randomBytes, randomInt } from 'node:crypto';
import { text } from 'node:stream/consumers';

/** {origin, apiKey, project} and, for a strict server, {adminToken, serviceAccount}. */
export const server = JSON.parse(await text(process.stdin));

export const word = () => randomBytes(8).toString('hex');

/** Names that nobody has used yet: all scripts share one server. */
export const fresh = {
  uid: () => `uid-${word()}`,
  email: () => `${word()}@example.com`,
  phone: () => `+336${randomInt(10_000_000, 99_999_999)}`,
  password: () => `pass-${word()}`,
  project: () => `demo-${word()}`,
};

async function post(url, body) {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await reply.json();
  if (!reply.ok) throw Object.assign(new Error(answer.error.message), { code: answer.error.message });
  return answer;
}

/** One call of the client REST API, as an app makes it: `accounts:signUp` and its like. */
export const rest = (call, body) =>
  post(`${server.origin}/identitytoolkit.googleapis.com/v1/${call}?key=${server.apiKey}`, body);

export const refresh = (refreshToken) =>
  post(`${server.origin}/securetoken.googleapis.com/v1/token?key=${server.apiKey}`, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  });

/** A new user who has just signed up with a password. */
export async function signUp() {
  const email = fresh.email();
  const password = fresh.password();
  const reply = await rest('accounts:signUp', { email, password, returnSecureToken: true });
  return { uid: reply.localId, email, password, idToken: reply.idToken, refreshToken: reply.refreshToken };
}

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** Revocation counts whole seconds: wait until the second in which the token was issued is over. */
export async function pastSecondOf(token) {
  while (Math.floor(Date.now() / 1000) <= claimsOf(token).iat) await new Promise((wake) => setTimeout(wake, 50));
}

/** The same promise for every caller, for a state that is slow to reach and that checks only read. */
export function once(make) {
  let made;
  return () => (made ??= make());
}

/** The plain fields of a user record, without what the SDK computes. */
export const plain = (user) => ({
  uid: user.uid,
  email: user.email ?? null,
  emailVerified: user.emailVerified,
  phoneNumber: user.phoneNumber ?? null,
  displayName: user.displayName ?? null,
  photoURL: user.photoURL ?? null,
  disabled: user.disabled,
  customClaims: user.customClaims ?? null,
  providers: user.providerData.map(({ providerId, uid }) => `${providerId} ${uid}`).sort(),
});

async function outcome(check) {
  try {
    return { value: (await check()) ?? null };
  } catch (error) {
    const { code = error.name, message, httpResponse } = error;
    return { error: { code, message, status: httpResponse?.status ?? null } };
  }
}

/** Runs the checks one after another and prints what they returned or threw. */
export async function report(checks) {
  const seen = {};
  for (const [name, check] of Object.entries(checks)) seen[name] = await outcome(check);
  console.log(JSON.stringify(seen));
}

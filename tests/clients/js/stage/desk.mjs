// The test's own desk, for what an app cannot do itself: read somebody's mail and act as the operator.

const PATIENCE = 5_000;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function json(answer) {
  if (!answer.ok) throw new Error(`desk: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Reads the mails that the server under test has sent. */
export class Mailbox {
  constructor(url) {
    this.url = url;
  }

  /** Everything mailed to `email` so far, newest last: `{mode, oobCode, link}`. */
  async all(email) {
    return json(await fetch(`${this.url}/codes?email=${encodeURIComponent(email)}`));
  }

  /** Waits for the mail of this `mode` to `email` and returns the newest one. */
  async newest(email, mode) {
    for (const start = Date.now(); Date.now() - start < PATIENCE; await pause(50)) {
      const mail = (await this.all(email)).filter((entry) => entry.mode === mode).at(-1);
      if (mail) return mail;
    }
    throw new Error(`no ${mode} mail to ${email} within ${PATIENCE} ms`);
  }

  async code(email, mode) {
    return (await this.newest(email, mode)).oobCode;
  }
}

/** Acts as the operator of the project. */
export class Operator {
  constructor(url) {
    this.url = url;
  }

  async ask(verb, body) {
    return json(await fetch(`${this.url}/admin/${verb}`, { method: 'POST', body: JSON.stringify(body) }));
  }

  revoke = (uid) => this.ask('revoke', { uid });
  disable = (uid) => this.ask('disable', { uid });
  remove = (uid) => this.ask('remove', { uid });
  setClaims = (uid, claims) => this.ask('claims', { uid, claims });

  /** A token for `signInWithCustomToken`: `kind` is `valid`, or `unsigned` or `foreign` for a forgery. */
  customToken = async (uid, claims = {}, kind = 'valid') => (await this.ask('custom-token', { uid, claims, kind })).token;
}

// Assertions for Node and browsers alike; each counts itself, so that a scenario that checks nothing is found out.

const show = (value) => JSON.stringify(value) ?? String(value);

/** What the scenario may assert: `equal`, `ok`, `refused`; `count` says how many assertions held. */
export class Check {
  count = 0;

  /** Compares by JSON value; `what` names the thing in the failure. */
  equal(actual, expected, what) {
    if (show(actual) !== show(expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
    this.count += 1;
  }

  ok(value, what) {
    if (!value) throw new Error(`not so: ${what}`);
    this.count += 1;
  }

  /** The promise must be rejected by the SDK with exactly this `auth/...` code. */
  async refused(promise, code) {
    const outcome = await promise.then(() => 'success', (error) => error.code ?? String(error));
    this.equal(outcome, code, 'answer');
  }
}

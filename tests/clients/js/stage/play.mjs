// Plays one scenario and says how it ended, as one plain object; the same in Node and in a page.
import { setStage } from './stage.mjs';

const LIMIT = 45_000;

function limit() {
  let timer;
  const over = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`no end after ${LIMIT} ms`)), LIMIT); });
  return { over, stop: () => clearTimeout(timer) };
}

function describe(error) {
  const where = (error.stack ?? '').split('\n').find((line) => line.includes('/scenarios/'))?.trim();
  return { code: error.code, message: String(error.message ?? error), where };
}

/** Plays `scenarios/<name>.mjs` against `server`; returns `{scenario, ok, checks, error?}` and never throws. */
export async function play(name, server) {
  const stage = setStage(server);
  const guard = limit();
  try {
    const { default: scenario } = await import(`../scenarios/${name}.mjs`);
    await Promise.race([scenario(stage), guard.over]);
    if (stage.check.count === 0) throw new Error('the scenario checked nothing');
    return { scenario: name, ok: true, checks: stage.check.count };
  } catch (error) {
    return { scenario: name, ok: false, checks: stage.check.count, error: describe(error) };
  } finally {
    guard.stop();
    await stage.close();
  }
}

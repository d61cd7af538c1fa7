// What a scenario gets: the unmodified SDK connected to the server under test, a mailbox, the operator and checks.
import { deleteApp, initializeApp } from '@firebase/app';
import * as sdk from '@firebase/auth';
import { Check } from './check.mjs';
import { Mailbox, Operator } from './desk.mjs';

const PASSWORD = 'correct horse battery';
const NEW_PASSWORD = 'staple the battery twice';
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An app named `name` of the project, its Auth keeping the session in `persistence`, on the server under test. */
export function openAuth(server, name, persistence) {
  const app = initializeApp({ apiKey: server.apiKey, projectId: server.project }, name);
  const auth = sdk.initializeAuth(app, { persistence });
  sdk.connectAuthEmulator(auth, server.origin, { disableWarnings: true });
  return auth;
}

/** The codes by which this server refuses: with e-mail enumeration protection they tell nothing apart. */
function refusals(strict) {
  const hidden = 'auth/invalid-credential';
  return { wrongPassword: strict ? hidden : 'auth/wrong-password', unknownUser: strict ? hidden : 'auth/user-not-found' };
}

/** Builds what one scenario works with; `server` is `{origin, apiKey, project, strict, desk}`; `close` ends it all. */
export function setStage(server) {
  const devices = [];
  const persistence = globalThis.indexedDB ? sdk.indexedDBLocalPersistence : sdk.inMemoryPersistence;
  const device = () => {
    devices.push(openAuth(server, crypto.randomUUID(), persistence));
    return devices.at(-1);
  };
  return {
    sdk,
    server,
    auth: device(),
    device,
    check: new Check(),
    mailbox: new Mailbox(server.desk),
    operator: new Operator(server.desk),
    refusal: refusals(server.strict),
    password: PASSWORD,
    newPassword: NEW_PASSWORD,
    email: (who) => `${who}-${crypto.randomUUID().slice(0, 8)}@example.com`,
    uid: (who) => `${who}-${crypto.randomUUID().slice(0, 8)}`,
    nextSecond: () => pause(1010 - (Date.now() % 1000)),
    close: () => Promise.all(devices.map(async (auth) => { await sdk.signOut(auth); await deleteApp(auth.app); })),
  };
}

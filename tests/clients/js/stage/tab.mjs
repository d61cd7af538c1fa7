// One browser tab of an app with a session; several tabs of one browser share what they store under the same name.
import * as sdk from '@firebase/auth';
import { openAuth } from './stage.mjs';

const STORES = {
  indexedDB: sdk.indexedDBLocalPersistence,
  localStorage: sdk.browserLocalPersistence,
  sessionStorage: sdk.browserSessionPersistence,
  memory: sdk.inMemoryPersistence,
};
const uid = (auth) => auth.currentUser?.uid ?? null;

/** Opens the app `name` with its session kept in `store`, restored as after a start; returns what the test may call. */
export async function openTab(server, name, store) {
  const auth = openAuth(server, name, STORES[store]);
  await auth.authStateReady();
  return {
    uid: () => uid(auth),
    signInAnonymously: async () => (await sdk.signInAnonymously(auth)).user.uid,
    signOut: () => sdk.signOut(auth),
    /** Refreshes `times` times in a row; returns the uid, or the code of the error that stopped it. */
    refresh: async (times) => {
      try {
        for (let turn = 0; turn < times; turn += 1) await auth.currentUser.getIdToken(true);
        return uid(auth);
      } catch (error) {
        return error.code ?? String(error);
      }
    },
    /** Resolves when the user of this tab is `wanted` (null: nobody). */
    becomes: (wanted) => new Promise((resolve) => {
      const stop = sdk.onAuthStateChanged(auth, () => {
        if (uid(auth) !== wanted) return;
        queueMicrotask(() => stop());
        resolve(true);
      });
    }),
  };
}

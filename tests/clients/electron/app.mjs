// node app.mjs '{"data": FOLDER, "version": "1.0.0", "config": {...}}': one Electron app, from its launch to its end.
// It reads one call a line, {"call": "getLatest", "with": [...]}, and prints what came of it, {"value"} or {"error"};
// ["window"] and ["events"] are what its window was told to show and what the updater told the app.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { data, version, config } = JSON.parse(process.argv[2]);
const load = createRequire(new URL('../js/package.json', import.meta.url));
const { app, BrowserWindow } = load('electron');
const { ElectronUpdater } = load('@capgo/electron-updater');
const EVENTS = ['noNeedUpdate', 'updateAvailable', 'breakingAvailable', 'downloadComplete', 'downloadFailed',
  'updateFailed', 'appReloaded', 'appReady'];

for (const method of ['log', 'warn', 'error']) console[method] = (...words) => process.stderr.write(`${words.join(' ')}\n`);
mkdirSync(data, { recursive: true });
app.setPath('userData', data);
app.version = version;
const window = new BrowserWindow();
const updater = new ElectronUpdater(config);
let events = [];
for (const name of EVENTS) updater.addListener(name, (about) => events.push({ name, about }));
await updater.initialize(window, join(data, 'builtin', 'index.html'));

/** The files of the bundle that the window shows, by their names. */
function page() {
  const folder = join(window.shown.at(-1), '..');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const path = (entry) => join(entry.parentPath ?? entry.path, entry.name);
  return Object.fromEntries(files.map((f) => [path(f).slice(folder.length + 1), readFileSync(path(f), 'utf8')]));
}

const CALLS = {
  page,
  shown: () => window.shown,
  events: () => events.splice(0),
};

async function outcome({ call, with: given = [] }) {
  try {
    return { value: (await (CALLS[call] ?? updater[call].bind(updater))(...given)) ?? null };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

process.stdout.write('{"value":"launched"}\n');
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await outcome(JSON.parse(line)))}\n`);
}
app.emit('before-quit');

// node bundle.mjs OUTFILE: packs the SDK and all scenarios into one module for the page.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
await build({ entryPoints: [here('page.mjs')], outfile: process.argv[2], bundle: true, format: 'esm', platform: 'browser', logLevel: 'warning' });

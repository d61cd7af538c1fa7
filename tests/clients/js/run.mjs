// node run.mjs: reads one JSON request a line, {"scenario": "any/sign-up", "server": {...}}, and prints one JSON result a line.
import { createInterface } from 'node:readline';
import { play } from './stage/play.mjs';

for await (const line of createInterface({ input: process.stdin })) {
  const { scenario, server } = JSON.parse(line);
  console.log(JSON.stringify(await play(scenario, server)));
}

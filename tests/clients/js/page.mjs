// What the page offers to the test that drives it.
import { play } from './stage/play.mjs';
import { openTab } from './stage/tab.mjs';

window.ecrin = { play, openTab };

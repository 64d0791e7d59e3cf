// Removes what an installation leaves behind and no app reads: paths of the machine that built the image, times, and starters of programs.
// Two builds of one tree then hold the same bytes.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const leftovers = new Set(['.bin', '.modules.yaml', '.pnpm-workspace-state-v1.json', '.pnpm-workspace-state.json']);

/** @param {string} folder */
export function tidy(folder) {
  for (const name of readdirSync(folder)) {
    const each = path.join(folder, name);
    if (leftovers.has(name)) rmSync(each, { recursive: true });
    else if (lstatSync(each).isDirectory()) tidy(each);
  }
}

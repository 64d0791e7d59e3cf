// Entry of every `npm run …`: prepares a machine that has only Node and npm, then runs the task. It uses no library: none is installed yet.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toolEnvironment } from './tasks/environment.mjs';
import { installAndBuild, isOldNode } from './tasks/make-ready.mjs';
import { createProcessRunner } from './tasks/processes.mjs';
import { helpText, tasks } from './tasks/tasks.mjs';

const [name = 'help', ...args] = process.argv.slice(2);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
if (['help', '--help', '-h'].includes(name)) console.log(helpText());
else if (task === undefined || isOldNode(process.versions.node, engines.node)) {
  const without = `Without installing another one: npx --yes node@24 scripts/run.mjs ${name}`;
  const tooOld = `Node ${process.version} is too old: ${engines.node} is needed. ${without}`;
  console.error(task === undefined ? `there is no task "${name}"\n\n${helpText()}` : tooOld);
  process.exitCode = 1;
} else {
  const processes = createProcessRunner(process);
  const { prepare = installAndBuild, run } = task;
  const context = { args, processes, env: toolEnvironment(process.env) };
  process.exitCode = await prepare(context)
    .then((code) => code || run(context))
    .finally(() => processes.close());
}

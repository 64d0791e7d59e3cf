// Entry of every `npm run …`: prepares a machine that has only Node and npm, then runs the task.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toolEnvironment } from './tasks/environment.mjs';
import { installAndBuild, isOldNode } from './tasks/make-ready.mjs';
import { createProcessRunner } from './tasks/processes.mjs';
import { helpText, tasks } from './tasks/tasks.mjs';

const [taskName = 'help', ...args] = process.argv.slice(2);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const processes = createProcessRunner(process);
try {
  process.exitCode = await main();
} finally {
  processes.close();
}

async function main() {
  if (['help', '--help', '-h'].includes(taskName)) {
    console.log(helpText());
    return 0;
  }
  const task = Object.hasOwn(tasks, taskName) ? tasks[taskName] : undefined;
  if (task === undefined) {
    console.error(`there is no task "${taskName}"\n\n${helpText()}`);
    return 1;
  }
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  if (isOldNode(process.versions.node, engines.node)) {
    const without = `Without installing another one: npx --yes node@24 scripts/run.mjs ${taskName}`;
    console.error(`Node ${process.version} is too old: ${engines.node} is needed. ${without}`);
    return 1;
  }
  const { prepare = installAndBuild, run } = task;
  const context = { args, processes, env: toolEnvironment(process.env) };
  return (await prepare(context)) || run(context);
}

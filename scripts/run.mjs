// The one entry behind every `npm run …`: makes a machine with only Node and npm ready, then does the task.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toolEnvironment } from './tasks/environment.mjs';
import { createProcessRunner } from './tasks/processes.mjs';
import { createSteps } from './tasks/steps.mjs';
import { helpText, tasks } from './tasks/tasks.mjs';
import { isOldNode } from './tasks/toolchain.mjs';

const [taskName = 'help', ...args] = process.argv.slice(2);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

process.exitCode = await main();

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
  const { packageManager, engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  if (isOldNode(process.versions.node, engines.node)) {
    console.error(
      `Node ${process.version} is too old: ${engines.node} is needed. Without installing another one: npx --yes node@24 scripts/run.mjs ${taskName}`,
    );
    return 1;
  }
  const processes = createProcessRunner(process);
  try {
    return await task.run({ args, packageManager, processes, env: toolEnvironment(process.env), steps: createSteps() });
  } finally {
    processes.close();
  }
}

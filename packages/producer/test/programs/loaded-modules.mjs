// Imports the entry that is named first and appends the address of every module that was loaded for it to the file that is named
// second: a pipe whose reader is late would refuse it.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const [entry = '', file = ''] = process.argv.slice(2);
const hooks = `
import { appendFileSync } from 'node:fs';
export const load = (url, context, next) => {
  appendFileSync(${JSON.stringify(file)}, url + '\\n');
  return next(url, context);
};
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
await import(entry);
// What one CommonJS module requires of another passes no hook.
for (const loaded of Object.keys(createRequire(import.meta.url).cache)) appendFileSync(file, `${loaded}\n`);

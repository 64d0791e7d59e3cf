// Imports what is named in the arguments and writes the address of every module that was loaded for it.
import { writeSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const hooks = `
import { writeSync } from 'node:fs';
export const load = (url, context, next) => {
  writeSync(1, url + '\\n');
  return next(url, context);
};
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
await import(process.argv[2] ?? '');
// What one CommonJS module requires of another passes no hook.
for (const file of Object.keys(createRequire(import.meta.url).cache)) writeSync(1, `${file}\n`);

// Compiles one workspace package (the folder it is called in) from src/ to dist/ with the native compiler.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

rmSync('dist', { recursive: true, force: true });
const compiler = fileURLToPath(new URL('../node_modules/tsc-native/bin/tsc', import.meta.url));
const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
process.exitCode = compiled.status ?? 1;

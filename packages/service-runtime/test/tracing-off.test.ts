import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const built = pathToFileURL(fileURLToPath(new URL('../dist/index.js', import.meta.url))).href;

const run = (program: string) =>
  spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], { encoding: 'utf8', timeout: 30_000 });

/** Runs a program in which no library of OpenTelemetry can be loaded. */
function runWithout(endpoint: string) {
  const hook = `export async function resolve(name, context, next) {
    if (name.startsWith('@opentelemetry/')) throw new Error('loaded ' + name);
    return next(name, context);
  }`;
  const program = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    process.on('unhandledRejection', () => process.exit(9));
    const { createTracing, silentLogger } = await import(${JSON.stringify(built)});
    const tracing = createTracing({ process: 'test', endpoint: ${endpoint}, logger: { ...silentLogger, error: (fields) => console.log(fields.event) } });
    tracing?.write({ name: 'submit', taskUUID: 'x', startedAt: 0, endedAt: 1, attributes: {} });
    await tracing?.stop();
    console.log(tracing === undefined ? 'off' : 'ended');
  `;
  return run(program);
}

test('while traces are off no library of OpenTelemetry is loaded', () => {
  expect(runWithout('undefined')).toMatchObject({ status: 0, stdout: 'off\n', stderr: '' });
});

test('libraries that cannot be loaded stop no process', () => {
  expect(runWithout("'http://127.0.0.1:9'")).toMatchObject({ status: 0, stdout: 'traces.off\nended\n' });
});

test('a collector that takes the connection and never answers delays neither a span nor a stop, and costs bounded memory', () => {
  const { status, stdout, stderr } = run(`
    import { createServer } from 'node:net';
    import { randomUUID } from 'node:crypto';
    import { setTimeout as delay } from 'node:timers/promises';
    const { createTracing, silentLogger } = await import(${JSON.stringify(built)});
    const server = createServer((socket) => socket.unref()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    server.unref();
    const tracing = createTracing({ process: 'test', endpoint: 'http://127.0.0.1:' + server.address().port, logger: silentLogger });
    const span = () => ({ name: 'submit', taskUUID: randomUUID(), startedAt: 0, endedAt: 1, attributes: {} });
    tracing.write(span());
    await delay(1500);
    const before = process.memoryUsage().heapUsed;
    const begun = performance.now();
    for (let at = 0; at < 100_000; at += 1) tracing.write(span());
    const wroteMs = performance.now() - begun;
    await delay(1);
    gc();
    const grownMb = (process.memoryUsage().heapUsed - before) / 1e6;
    const stopping = performance.now();
    await tracing.stop();
    console.log(JSON.stringify({ wroteMs, grownMb, stoppedMs: performance.now() - stopping }));
    process.exit();
  `);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { wroteMs, stoppedMs, grownMb } = JSON.parse(stdout) as Record<'wroteMs' | 'stoppedMs' | 'grownMb', number>; // as printed above
  expect(wroteMs / 100_000, 'milliseconds of a span').toBeLessThan(0.5);
  expect(stoppedMs).toBeLessThan(2000);
  expect(grownMb).toBeLessThan(50);
});

import { ConfigError, type Problem } from '@darkroom/contracts';
import { drawDisturbance, readTrouble, type S3Trouble } from './disturbance.ts';
import { startS3Server, type S3ServerOptions } from './server.ts';

// The embedded S3 as a process of its own, so that a test can kill it. It prints its address as one line of JSON. If its parent opened a
// channel, it ends with the parent and takes from it the trouble to make.

function readSettings(environment: Readonly<Record<string, string | undefined>>): S3ServerOptions {
  const problems: Problem[] = [];
  const setting = (name: string): string => {
    const value = environment[name] ?? '';
    if (value === '') problems.push({ path: name, message: 'is missing' });
    return value;
  };
  const settings = {
    dir: setting('S3_DIR'),
    port: Number(environment['PORT'] ?? 0),
    credentials: { accessKeyId: setting('S3_ACCESS_KEY_ID'), secretAccessKey: setting('S3_SECRET_ACCESS_KEY') },
    region: setting('S3_REGION'),
    buckets: [setting('S3_BUCKET')],
  };
  if (!Number.isInteger(settings.port) || settings.port < 0 || settings.port > 65_535) {
    problems.push({ path: 'PORT', message: 'must be a port, 0 to 65535' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

try {
  let trouble: S3Trouble = { maxDelayMs: 0, refusedShare: 0 };
  const server = await startS3Server({ ...readSettings(process.env), disturb: () => drawDisturbance(trouble, Math.random) });
  process.on('message', (message) => (trouble = readTrouble(message) ?? trouble));
  const stop = async (): Promise<void> => {
    await server.stop();
    if (process.connected) process.disconnect();
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(event, () => void stop());
  process.send?.({ endpoint: server.endpoint });
  process.stdout.write(`${JSON.stringify({ endpoint: server.endpoint })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProducer } from '@darkroom/producer';
import { runApp, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';

test('bill agrees with the bill of the emulator, and finds exactly three planted differences', async () => {
  const fleet = await startFleet();
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const enqueued = await producer.enqueue({ positivePrompt: 'a lighthouse', width: 1024, height: 1024, numberResults: 4 });
    const { images } = await producer.wait(enqueued.generationId, { timeoutMs: 60_000 });
    expect(images.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'succeeded'));
    const { endpoint, bucket, credentials } = fleet.s3Config;
    const environment = {
      REDIS_URL: fleet.redisUrl,
      S3_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const bill = (file: string) =>
      runApp('cli', ['bill', '--month', new Date().toISOString().slice(0, 7), '--file', file, '--json'], environment);
    const linesOf = (output: string) =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);

    const agreed = await bill(fleet.billFile);
    expect(agreed.code, agreed.output).toBe(0);
    expect(linesOf(agreed.output)).toMatchObject([{ charges: 4, purchases: 4, chargedUsd: '0.08', bookedUsd: '0.08', atTheEdge: 0 }]);

    const [dropped, dearer] = images.map(({ taskUUID }) => taskUUID);
    const foreign = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
    const kept = (await readFile(fleet.billFile, 'utf8'))
      .split('\n')
      .filter((line) => !(line.includes('"execution"') && line.includes(dropped!)));
    const changed = kept.map((line) => (line.includes(dearer!) ? line.replace('"costUsd":"0.02"', '"costUsd":"0.03"') : line));
    const planted = join(fleet.directory, 'planted.jsonl');
    await writeFile(planted, [...changed, `{"taskUUID":"${foreign}","cost":0.02}`].join('\n'));
    const differs = await bill(planted);
    expect(differs.code, differs.output).toBe(3);
    const found = linesOf(differs.output);
    expect(found).toHaveLength(4);
    expect(found).toEqual(
      expect.arrayContaining([
        { kind: 'charge-without-submission', taskUUID: foreign, chargedUsd: '0.02' },
        expect.objectContaining({ kind: 'submission-without-charge', taskUUID: dropped, bookedUsd: '0.02' }),
        expect.objectContaining({ kind: 'price-differs', taskUUID: dearer, chargedUsd: '0.03', bookedUsd: '0.02' }),
      ]),
    );
    expect(found.at(-1)).toMatchObject({ charges: 4, chargedUsd: '0.09', bookedUsd: '0.08' });
  } finally {
    await producer.close();
    await fleet.stop();
  }
});

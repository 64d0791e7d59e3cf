import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer } from '@darkroom/producer';
import { startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

/** Prompts that must pass. Half a surrogate pair and more than 256 KB are refused (invalid-requests/table.ts). */
const prompts = {
  'every control character': String.fromCharCode(...Array.from({ length: 160 }, (_, code) => code)),
  'null bytes alone': '\u0000',
  'only blanks': ' \t\r\n\v\f\u00a0\u2003\u3000',
  'writing from right to left, turned around': 'a \u202e\u2066gnp.exe\u2069\u202c b \u200f\u061c',
  'joining and invisible characters': '👩‍👩‍👧 e\u0301 \u200b\ufeff\u00ad\u2028\u2029 𝒳',
  'the last characters of Unicode': '\uffff\ufffe\u{10ffff}\u{1fffe}',
  'other scripts': '光の差す暗室 עברית العربية कमरा 😀',
  'a page with a script': '</script><script>alert(1)</script><img src=x onerror=alert(1)>',
  'quotes and escapes of other languages': `'); DROP TABLE prompts; -- \${jndi:ldap://x} {{7*7}} %s %n \\u0000 \\" ]]> \r\n0\r\n\r\n`,
  'of the greatest length': '\u0001'.repeat(262_144),
};

const detailsSchema = z.object({ data: z.tuple([z.object({ request: z.object({ positivePrompt: z.string() }) })]) });

test('a prompt goes to the provider and back through Redis and S3, byte for byte, and into no log', async () => {
  const fleet = await startFleet();
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 10_000, maxImageBytes: 1 }, { now: Date.now });
  const askProvider = async (taskUUID: string): Promise<string> => {
    const response = await fetch(`${fleet.emulatorUrl}/v1`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-key', 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify([{ taskType: 'getTaskDetails', taskUUID }]),
    });
    return detailsSchema.parse(await response.json()).data[0].request.positivePrompt;
  };
  try {
    const sent = await Promise.all(
      Object.entries(prompts).map(async ([name, positivePrompt]) => ({
        name,
        positivePrompt,
        ...(await producer.enqueue({ positivePrompt, width: 1024, height: 1024 })),
      })),
    );
    for (const { name, positivePrompt, generationId } of sent) {
      const generation = await producer.wait(generationId, { timeoutMs: 30_000 });
      expect(generation.status, name).toBe('succeeded');
      expect(generation.request.positivePrompt === positivePrompt, `${name}: in Redis`).toBe(true);
      const stored = await storage.findRequest(generationId);
      expect(stored.kind === 'found' && stored.kept.request.positivePrompt === positivePrompt, `${name}: in S3`).toBe(true);
      expect((await askProvider(generation.images[0]?.taskUUID ?? '')) === positivePrompt, `${name}: at the provider`).toBe(true);
    }
    const logs = (await Promise.all([...fleet.workers, ...fleet.receivers].map((process) => process.log()))).join('');
    for (const fragment of ['alert(1)', 'jndi', 'DROP TABLE', 'gnp.exe', '暗室']) expect(logs).not.toContain(fragment);
  } finally {
    storage.close();
    await producer.close();
    await fleet.stop();
  }
});

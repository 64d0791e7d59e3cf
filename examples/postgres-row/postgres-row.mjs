// Keeps a row in Postgres and its generation together, although no transaction spans Postgres and Redis: the row is written first, with
// the id of the generation, and a sweeper enqueues again what died in between. In the environment that `npm start` prints:
//   node examples/postgres-row/postgres-row.mjs order "a lighthouse at dusk"
//   node examples/postgres-row/postgres-row.mjs sweep        (every minute; an id that Redis does not know may be a day old at most)
// PGlite is Postgres inside this process, with its files in ./postgres. `query` of `pg` takes the same arguments.
import { createGenerationId, createProducer, hasCode } from '@darkroom/producer';
import { PGlite } from '@electric-sql/pglite';

const [command, ...prompts] = process.argv.slice(2);
const producer = createProducer({ redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
const database = await PGlite.create(process.env['POSTGRES_FOLDER'] ?? 'postgres');
await database.exec(`create table if not exists orders (
  prompt text not null, generation_id uuid primary key, queued_at timestamptz, status text not null default 'open', image_keys text[])`);

// Safe to repeat: a generation that exists already is not made again.
async function enqueue(generationId, positivePrompt) {
  try {
    await producer.enqueue({ positivePrompt }, { generationId });
  } catch (error) {
    if (!hasCode(error, 'queue.unavailable')) throw error;
    return console.log(`later ${generationId}`); // Redis is away: the sweeper comes again
  }
  console.log(`queued ${generationId}`);
  await database.query('update orders set queued_at = now() where generation_id = $1', [generationId]);
}

// Writes what became of a generation into its row.
async function look(generationId, prompt) {
  const generation = await producer.get(generationId).catch((/** @type {unknown} */ error) => {
    if (!hasCode(error, 'generation.not-found')) throw error;
  });
  // Redis lost it in a failover, before anything of it was bought.
  if (generation === undefined) return enqueue(generationId, prompt);
  const { status, finishedAt, images } = generation;
  if (finishedAt === undefined) return;
  const keys = images.flatMap(({ image }) => image?.key ?? []);
  await database.query('update orders set status = $2, image_keys = $3 where generation_id = $1', [generationId, status, keys]);
  console.log(`${status} ${generationId} ${keys.join(' ')}`);
}

if (command === 'order') {
  for (const prompt of prompts) {
    const generationId = createGenerationId(Date.now());
    await database.transaction(async (transaction) => {
      // … with the rest of the order
      await transaction.query('insert into orders (prompt, generation_id) values ($1, $2)', [prompt, generationId]);
    });
    console.log(`noted ${generationId}`);
    await enqueue(generationId, prompt);
  }
} else {
  const open = await database.query("select prompt, generation_id as id, queued_at from orders where status = 'open'");
  for (const { prompt, id, queued_at } of open.rows) {
    if (queued_at === null) await enqueue(id, prompt);
    else await look(id, prompt);
  }
}
await producer.close();
await database.close();

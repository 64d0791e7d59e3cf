// Allowed directions of imports. `npm run verify` checks sources and tests (step "import rules").

/** The packages that know one thing each and are joined by the apps. */
const joinedByApps = 'runware-client|object-storage|generation-store|queues|service-runtime';

/** The packages that keep what purchases and recovery work on: both take their types, and an app hands over the things. */
const keepers = 'generation-store|object-storage|queues';

/** Files that run in production: sources of apps and packages without their tests. */
const production = { path: '^(apps|packages)/[^/]+/src/', pathNot: ['\\.test\\.ts$', '^packages/(testing|bench)/'] };

/** Outside libraries by name, whether they are installed or not. */
const library = (names) => `(^|node_modules/)(${names})(/|$)`;

/** A rule that leaves one outside library to its owners; tests may use it through them, or as a second witness. */
const ownedBy = (name, modules, owners, reason) => ({
  name: `${name}-has-one-owner`,
  severity: 'error',
  comment: reason,
  from: {
    path: '^(apps|packages)/',
    pathNot: [`^(${owners})/`, '\\.test\\.ts$', '^(apps|packages)/[^/]+/(test|e2e)/', '^packages/(testing|bench)/'],
  },
  to: { path: modules },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Files that import each other can only be understood, moved and tested together; types count.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-what-resolves',
      severity: 'error',
      comment: 'An import that leads nowhere, or that works only because another package installed it, breaks on the next machine.',
      from: { path: '^(apps|packages|scripts|examples)/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'only-listed-dependencies',
      severity: 'error',
      comment: 'A package lists what it imports, so that it can be installed, published and replaced by itself.',
      from: { path: '^(apps|packages|examples)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'apps-never-import-apps',
      severity: 'error',
      comment: 'An app is one process: what two of them need is a package. Whole flows in e2e/ may start several apps.',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/[^/]+/e2e/' },
      to: { path: '^apps/([^/]+)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'packages-never-import-apps',
      severity: 'error',
      comment: 'Apps join packages. A package that knew an app could be used by no other.',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'contracts-is-a-leaf',
      severity: 'error',
      comment: 'Every package depends on contracts, so contracts depends on none of ours.',
      from: { path: '^packages/contracts/' },
      to: { path: '^(apps|packages)/', pathNot: '^packages/contracts/' },
    },
    {
      name: 'packages-are-joined-by-apps',
      severity: 'error',
      comment: 'The packages under the apps know contracts and not one another; an app hands one to the other as a port.',
      from: { path: `^packages/(${joinedByApps})/src/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/([^/]+)/', pathNot: '^packages/($1|contracts)/' },
    },
    {
      name: 'protocol-takes-types-of-keepers',
      severity: 'error',
      comment: 'Each word of Redis, S3 and queues is declared by its package. At run time purchase and recovery load none of them.',
      from: { path: '^packages/(purchase|recovery)/src/', pathNot: '\\.test\\.ts$' },
      to: { path: `^packages/(${keepers})/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-has-no-drivers',
      severity: 'error',
      comment: 'The protocol can be read, and run against every fault, without Redis, S3, HTTP or a queue.',
      from: { path: '^packages/(purchase|recovery)/src/', pathNot: '\\.test\\.ts$' },
      to: { path: library('bullmq|ioredis|fastify|undici|@aws-sdk|@smithy') },
    },
    {
      name: 'purchase-knows-its-keepers-alone',
      severity: 'error',
      comment: 'A purchase is decided by contracts and by what the keepers say; nothing else may matter.',
      from: { path: '^packages/purchase/src/', pathNot: '\\.test\\.ts$' },
      to: { path: `^packages/(?!purchase/|contracts/|(${keepers})/)` },
    },
    {
      name: 'recovery-knows-the-protocol-alone',
      severity: 'error',
      comment: 'The consequences of a result are the same when it is brought back: recovery takes them from purchase.',
      from: { path: '^packages/recovery/src/', pathNot: '\\.test\\.ts$' },
      to: { path: `^packages/(?!recovery/|contracts/|purchase/|(${keepers})/)` },
    },
    {
      name: 'producer-stays-small',
      severity: 'error',
      comment: 'A backend installs producer to enqueue: of the workspace it brings contracts, generation-store and queues.',
      from: { path: '^packages/producer/src/', pathNot: ['\\.test\\.ts$', '^packages/producer/src/images/'] },
      to: { path: '^packages/', pathNot: '^packages/(producer|contracts|generation-store|queues)/' },
    },
    {
      name: 'producer-never-pulls-in-the-aws-sdk',
      severity: 'error',
      comment: 'A backend that only enqueues does not load the AWS SDK, not even indirectly; reading images is an entry of its own.',
      from: { path: '^packages/producer/src/', pathNot: ['\\.test\\.ts$', '^packages/producer/src/images/'] },
      to: { path: [library('@aws-sdk|@smithy'), '^packages/object-storage/'], reachable: true },
    },
    ownedBy(
      'aws-sdk',
      library('@aws-sdk|@smithy'),
      'packages/object-storage|packages/producer/src/images',
      'S3 is spoken in object-storage alone: presigning, bounded reads and records have one set of rules.',
    ),
    ownedBy(
      'bullmq',
      library('bullmq'),
      'packages/queues|apps/worker|apps/dashboard|apps/notifier',
      'Queue names, job options, park and wake live in queues; the apps that run workers or show queues may use the library.',
    ),
    ownedBy(
      'opentelemetry',
      library('@opentelemetry'),
      'packages/service-runtime',
      'Spans are written in one place, which loads the libraries only where traces are switched on.',
    ),
    ownedBy(
      'pino',
      library('pino'),
      'packages/service-runtime',
      'The logger that redacts is made in one place; everything else takes a Logger.',
    ),
    {
      name: 'http-servers-have-one-builder',
      severity: 'error',
      comment: 'Limits of slow, silent and too many clients are set in service-runtime; apps take types of fastify alone.',
      from: { path: production.path, pathNot: [...production.pathNot, '^packages/service-runtime/'] },
      to: { path: library('fastify'), dependencyTypesNot: ['type-only'] },
    },
    ownedBy(
      'sharp',
      library('sharp'),
      'packages/object-storage|apps/runware-emulator|apps/dashboard',
      'Images are decoded where they are verified, drawn by the emulator, and made small by the dashboard.',
    ),
    {
      name: 'only-by-name',
      severity: 'error',
      comment: 'Another package is reached by its name: a relative path would pass by its index and its dependency list.',
      from: { path: '^(apps|packages)/([^/]+)/' },
      to: { path: '^(apps|packages)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'only-through-index',
      severity: 'error',
      comment: 'What a package does not export from its index (or an app from app.ts) is free to change.',
      from: { path: '^(apps|packages)/([^/]+)/' },
      to: {
        path: '^(apps|packages)/[^/]+/src/(?!(index|app)\\.ts$)',
        pathNot: [
          '^$1/$2/',
          '^packages/producer/src/(images/index|webhooks/index|shared)\\.ts$',
          '^packages/service-runtime/src/launch\\.ts$',
        ],
      },
    },
    {
      name: 'examples-are-strangers',
      severity: 'error',
      comment:
        'An example works in an app outside of this repository: it has what the installable package exports, and nothing else of ours.',
      from: { path: '^examples/' },
      to: { path: '^(apps|packages)/', pathNot: '^packages/producer/src/((images|testing|webhooks)/)?index\\.ts$' },
    },
    {
      name: 'production-never-imports-testing',
      severity: 'error',
      comment: 'Builders and fault injection have no place in a running service.',
      from: production,
      to: { path: ['^packages/(testing|bench)/', library('vitest|fast-check')] },
    },
    {
      name: 'production-never-imports-the-local-stack',
      severity: 'error',
      comment: 'The embedded Redis and S3 are for a machine without either; only the command line starts them.',
      from: { path: production.path, pathNot: [...production.pathNot, '^packages/local-stack/', '^apps/cli/'] },
      to: { path: '^packages/local-stack/' },
    },
    {
      name: 'sources-never-import-tests',
      severity: 'error',
      comment: 'Production code imports no test.',
      from: { path: '^(apps|packages)/[^/]+/src/', pathNot: '\\.test\\.ts$' },
      to: { path: ['\\.test\\.ts$', '^(apps|packages)/[^/]+/(test|e2e)/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(apps|packages)/[^/]+/(dist|\\.turbo)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['@darkroom/source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};

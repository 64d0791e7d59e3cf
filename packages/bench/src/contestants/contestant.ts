import type { createProducer } from '@darkroom/producer';

/** A system that makes images from a backlog. */
export interface ImageMaker {
  readonly name: string;
  /** Processes whose load counts, by their part. */
  readonly parts: Readonly<Record<string, number>>;
  /** The Redis that it alone uses, if it has one. */
  readonly redisUrl: string | undefined;
  /** Makes so many images from a backlog; resolves when the last one is recorded. */
  makeImages(images: number): Promise<void>;
  stop(): Promise<void>;
}

/** A system that the bench compares: Darkroom, or a worker that most people write. */
export interface Contestant extends ImageMaker {
  /** Queues so many images. */
  queueImages(images: number): Promise<void>;
  /** Queues one image. */
  enqueueOne(): Promise<ImageNames>;
  /** Calls the listener for each image when its result is recorded. @returns a function that stops it. */
  hearRecorded(onRecorded: OnRecorded): Promise<() => Promise<void>>;
  /** Kills its workers with all their work. */
  killWorkers(): Promise<void>;
  /** Starts the killed workers again. */
  startWorkers(): Promise<void>;
}

/** The ids of an image of a generation of its own; naive workers have no generations. */
export interface ImageNames {
  readonly generationId?: string | undefined;
  readonly taskUUID: string;
}

/** A whole Darkroom, which has more to measure. */
export interface DarkroomContestant extends Contestant {
  /** Runs a command of an operator. @returns what it printed. @throws if it fails. */
  command(...words: string[]): Promise<string>;
  /** Stops the workers in order; nothing starts them again. */
  stopWorkers(): Promise<void>;
  /** Returns the number of generations with a live submission. */
  countOpen(): Promise<number>;
  /** Returns the ids of the newest image that was made. @throws without one. */
  getNewestFinished(): Promise<ImageNames>;
  /** True once producers and workers may use the store. */
  isStoreOpen(): Promise<boolean>;
  /** The producer of its repository, on its Redis. */
  readonly producer: BenchProducer;
}

/** The calls of a producer that the bench makes. Every version has them. */
export type BenchProducer = Pick<ReturnType<typeof createProducer>, 'enqueue' | 'enqueueMany' | 'list' | 'close'>;

/** @param atMs Milliseconds since 1970, with fractions. */
export type OnRecorded = (taskUUID: string, atMs: number) => void;

/** Returns the time of this process with fractions of a millisecond, in milliseconds since 1970. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

/** Returns the name of a contestant as that of a folder or a bucket. */
export const placeOf = (name: string): string => name.toLowerCase().replaceAll(/\W+/g, '-');

/** The figures of one run, by name. */
export type Figures = Readonly<Record<string, number>>;

/** What all contestants of a run share. */
export interface Ground {
  providerUrl: string;
  s3Endpoint: string;
  /** Folder of data and logs. */
  directory: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Everything that this process was given, for programs that install and compile. */
  wholeEnvironment: Readonly<Record<string, string | undefined>>;
  /** Takes the version of a server that a contestant uses. */
  noteVersion: (name: string, version: string) => void;
  /** Images that a contestant works on at once. */
  concurrency: number;
}

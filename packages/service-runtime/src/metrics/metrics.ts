/** What a metric is, for the page that Prometheus shows and for the people who read it. */
export interface MetricDefinition<Label extends string = never> {
  /** `darkroom_…`, with the unit at the end (`_seconds`, `_total`): Prometheus docs, "Metric and label naming". */
  readonly name: string;
  readonly help: string;
  /** Names whose values are few and known: never an id, a prompt or a URL (I8). */
  readonly labels?: readonly Label[];
}

export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

/**
 * Sets of label values that are there from the start, with 0: Prometheus sees no increase in a counter that is born with its first
 * event, so an alarm on it would stay silent (Prometheus docs, "Existential issues with metrics").
 */
export interface Known<Label extends string> {
  readonly known: readonly LabelValues<Label>[];
}

/** A counter; one with labels names all sets of values that the code can give. */
export type CounterDefinition<Label extends string> = MetricDefinition<Label> & ([Label] extends [never] ? unknown : Known<Label>);

/** A histogram; one with labels names all sets of values that the code can give. */
export type HistogramDefinition<Label extends string> = CounterDefinition<Label> & { readonly buckets: readonly number[] };

export interface Sample<Label extends string> {
  readonly labels: LabelValues<Label>;
  readonly value: number;
}

/**
 * Reads a metric that somebody else counts, when it is asked for. When it fails or takes longer than a second, the metric
 * has no samples: none is better than an old one.
 */
export type ReadSamples<Label extends string> = () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>;

export interface Counter<Label extends string> {
  add(labels: LabelValues<Label>, by?: number): void;
}

export interface Histogram<Label extends string> {
  observe(labels: LabelValues<Label>, value: number): void;
}

/** The metrics of one process; nothing is shared with another registry. */
export interface Metrics {
  /** Only goes up. */
  counter<Label extends string = never>(definition: CounterDefinition<Label>): Counter<Label>;
  /** Only goes up, and is counted by somebody else. */
  readCounter<Label extends string = never>(definition: CounterDefinition<Label>, read: ReadSamples<Label>): void;
  histogram<Label extends string = never>(definition: HistogramDefinition<Label>): Histogram<Label>;
  /** Goes up and down; read when it is asked for. */
  readGauge<Label extends string = never>(definition: MetricDefinition<Label>, read: ReadSamples<Label>): void;
  /** The page that Prometheus reads. Never rejects because one metric could not be read. */
  render(): Promise<{ contentType: string; text: string }>;
}

const shortWord = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;
const idLike = /[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{24}/i;

/**
 * A label value, or "other" when it is no short word: whatever a caller passes by mistake, no id, prompt or URL becomes a
 * label, and a metric stays small.
 */
export const safeLabel = (value: string): string => (shortWord.test(value) && !idLike.test(value) ? value : 'other');

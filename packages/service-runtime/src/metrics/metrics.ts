/** Description of a metric, for the page of Prometheus and its readers. */
export interface MetricDefinition<Label extends string = never> {
  /** `darkroom_…`, with the unit at the end (`_seconds`, `_total`): Prometheus docs, "Metric and label naming". */
  readonly name: string;
  readonly help: string;
  /** Names with few, known values: never an id, a prompt or a URL (I8). */
  readonly labels?: readonly Label[];
}

export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

/**
 * Sets of label values that exist from the start, with 0: Prometheus sees no increase in a counter that begins with its first event, so an
 * alarm on it would stay silent (Prometheus docs, "Existential issues with metrics").
 */
export interface Known<Label extends string> {
  readonly known: readonly LabelValues<Label>[];
}

/** A counter; with labels, it lists all sets of values that the code can use. */
export type CounterDefinition<Label extends string> = MetricDefinition<Label> & ([Label] extends [never] ? unknown : Known<Label>);

/** A histogram; with labels, it lists all sets of values that the code can use. */
export type HistogramDefinition<Label extends string> = CounterDefinition<Label> & { readonly buckets: readonly number[] };

export interface Sample<Label extends string> {
  readonly labels: LabelValues<Label>;
  readonly value: number;
}

/**
 * Reads a metric that is counted elsewhere, at each scrape. If it fails or takes longer than a second, the metric has no samples: none is
 * better than an old one.
 */
export type ReadSamples<Label extends string> = () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>;

export interface Counter<Label extends string> {
  add(labels: LabelValues<Label>, by?: number): void;
}

export interface Histogram<Label extends string> {
  observe(labels: LabelValues<Label>, value: number): void;
}

/** The metrics of one process, in their own registry. */
export interface Metrics {
  /** Creates a counter, which only goes up. */
  counter<Label extends string = never>(definition: CounterDefinition<Label>): Counter<Label>;
  /** Creates a counter that is counted elsewhere. */
  readCounter<Label extends string = never>(definition: CounterDefinition<Label>, read: ReadSamples<Label>): void;
  histogram<Label extends string = never>(definition: HistogramDefinition<Label>): Histogram<Label>;
  /** Creates a gauge, which goes up and down and is read at each scrape. */
  readGauge<Label extends string = never>(definition: MetricDefinition<Label>, read: ReadSamples<Label>): void;
  /** Writes the page for Prometheus. Never rejects because one metric could not be read. */
  render(): Promise<{ contentType: string; text: string }>;
}

const shortWord = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;
const idLike = /[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{24}/i;

/**
 * Returns a label value, or "other" if it is no short word: even by mistake no id, prompt or URL becomes a label, and a metric stays small.
 */
export const safeLabel = (value: string): string => (shortWord.test(value) && !idLike.test(value) ? value : 'other');

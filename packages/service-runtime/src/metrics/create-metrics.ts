import { Counter as PromCounter, Gauge as PromGauge, Histogram as PromHistogram, Registry } from 'prom-client';
import { safeLabel, type Known, type LabelValues, type MetricDefinition, type Metrics, type ReadSamples, type Sample } from './metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';

/** Longer than Redis ever takes, and well inside the 10 s that Prometheus gives a scrape (Prometheus docs, "scrape_timeout"). */
const READ_LIMIT_MS = 1000;

/** Creates the metrics of a process, including its own resource use. @param options.process On every line, as the label `process`. */
export function createMetrics(options: { readonly process: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process: options.process });
  const configure = ({ name, help, labels = [] }: MetricDefinition<string>) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });

  const metrics: Metrics = {
    counter(definition) {
      const counter = new PromCounter(configure(definition));
      for (const labels of knownOf(definition)) counter.inc(safeLabels(labels), 0);
      return { add: (labels, by = 1) => counter.inc(safeLabels(labels), by) };
    },
    readCounter(definition, read) {
      const counter: PromCounter = new PromCounter({
        ...configure(definition),
        collect: () =>
          replaceSamples(
            read,
            () => forget(counter),
            ({ labels, value }) => counter.inc(safeLabels(labels), value),
            // Only beside a successful read: zeros in place of counts would look like a new count that then rises at once.
            () => {
              for (const labels of knownOf(definition)) counter.inc(safeLabels(labels), 0);
            },
          ),
      });
    },
    histogram(definition) {
      const histogram = new PromHistogram({ ...configure(definition), buckets: [...definition.buckets] });
      for (const labels of knownOf(definition)) histogram.zero(safeLabels(labels));
      return { observe: (labels, value) => histogram.observe(safeLabels(labels), value) };
    },
    readGauge(definition, read) {
      const gauge: PromGauge = new PromGauge({
        ...configure(definition),
        collect: () =>
          replaceSamples(
            read,
            () => forget(gauge),
            ({ labels, value }) => gauge.set(safeLabels(labels), value),
          ),
      });
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
  addProcessMetrics(metrics);
  return metrics;
}

const knownOf = <Label extends string>(definition: MetricDefinition<Label> & Partial<Known<Label>>): readonly LabelValues<Label>[] =>
  definition.known ?? [];

const safeLabels = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, safeLabel(value)]));

/** Drops all samples, including the one without labels, which `reset` sets to 0 (prom-client 15.1, `Gauge.reset`). */
function forget(metric: PromCounter | PromGauge): void {
  metric.reset();
  metric.remove({});
}

async function replaceSamples<Label extends string>(
  read: ReadSamples<Label>,
  reset: () => void,
  write: (sample: Sample<Label>) => void,
  begin?: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), READ_LIMIT_MS);
  });
  const samples = await Promise.race([Promise.resolve().then(read), late]).catch(() => undefined);
  clearTimeout(timer);
  reset();
  if (samples !== undefined) begin?.();
  for (const sample of samples ?? []) write(sample);
}

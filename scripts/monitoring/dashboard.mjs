// Builds the Grafana dashboard of Darkroom: rows of panels from short tables, as the JSON that Grafana imports.

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {Record<string, string>} queries Expressions by legend.
 * @property {string} [unit] Of Grafana; `short` without one.
 * @property {'stat' | 'timeseries'} [type] `timeseries` without one.
 * @property {number} [width] Of 24; 8 without one.
 * @property {string} [description]
 * @property {number} [alarmAbove] Red from here on.
 */

/** Keeps the Darkroom that the reader has chosen. Targets without a namespace are those of the only one. */
const ofOne = 'namespace=~"$namespace"';

/** @type {{ title: string, panels: Panel[] }[]} */
const rows = [
  {
    title: 'Is it well?',
    panels: [
      {
        title: 'Alarms',
        type: 'stat',
        width: 4,
        alarmAbove: 1,
        queries: { firing: `count(ALERTS{alertname=~"Darkroom.*",alertstate="firing",${ofOne}}) or vector(0)` },
      },
      {
        title: 'Oldest order waits',
        type: 'stat',
        width: 4,
        unit: 's',
        alarmAbove: 900,
        queries: { queued: `max(darkroom_oldest_waiting_seconds{stage="queued",${ofOne}})` },
      },
      { title: 'Buying is paused', type: 'stat', width: 4, alarmAbove: 1, queries: { paused: `max(darkroom_buying_paused{${ofOne}})` } },
      {
        title: 'Paid and not here',
        type: 'stat',
        width: 4,
        alarmAbove: 1,
        queries: { images: `sum(max by (status) (darkroom_paid_not_here_total{${ofOne}}))` },
      },
      {
        title: 'Spent today',
        type: 'stat',
        width: 4,
        unit: 'currencyUSD',
        queries: { spent: `max(darkroom_spend_usd{period="day",part="spent",${ofOne}})` },
      },
      { title: 'Workers', type: 'stat', width: 4, queries: { ready: `count(darkroom_build_info{process="worker",${ofOne}})` } },
    ],
  },
  {
    title: 'Images',
    panels: [
      {
        title: 'Purchases a minute',
        queries: { '{{status}}': `60 * sum by (status) (rate(darkroom_submissions_ended_total{${ofOne}}[$__rate_interval]))` },
      },
      {
        title: 'Generations that ended',
        description: 'In an hour, by final status; as Redis counts.',
        queries: { '{{status}}': `max by (status) (increase(darkroom_generations_ended_total{${ofOne}}[1h]))` },
      },
      {
        title: 'In flight',
        queries: {
          'at Runware': `max(darkroom_tasks_at_provider{part="count",${ofOne}})`,
          'may be': `max(darkroom_tasks_at_provider{part="limit",${ofOne}})`,
          open: `max(darkroom_open_images{part="count",${ofOne}})`,
          backlog: `max(darkroom_backlog{${ofOne}})`,
        },
      },
      {
        title: 'Time of an image',
        unit: 's',
        queries: {
          p50: `histogram_quantile(0.5, sum by (le) (rate(darkroom_image_seconds_bucket{status="succeeded",${ofOne}}[$__rate_interval])))`,
          p95: `histogram_quantile(0.95, sum by (le) (rate(darkroom_image_seconds_bucket{status="succeeded",${ofOne}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Time at Runware',
        unit: 's',
        queries: {
          p50: `histogram_quantile(0.5, sum by (le) (rate(darkroom_provider_seconds_bucket{${ofOne}}[$__rate_interval])))`,
          p95: `histogram_quantile(0.95, sum by (le) (rate(darkroom_provider_seconds_bucket{${ofOne}}[$__rate_interval])))`,
        },
      },
      {
        title: 'Time in the queue',
        unit: 's',
        queries: {
          p95: `histogram_quantile(0.95, sum by (le) (rate(darkroom_queue_wait_seconds_bucket{${ofOne}}[$__rate_interval])))`,
          oldest: `max(darkroom_oldest_waiting_seconds{stage="queued",${ofOne}})`,
        },
      },
      {
        title: 'Roads home',
        queries: { '{{road}}': `sum by (road) (rate(darkroom_submissions_ended_total{status="succeeded",${ofOne}}[$__rate_interval]))` },
      },
      { title: 'Jobs', queries: { '{{queue}} {{state}}': `max by (queue, state) (darkroom_jobs{${ofOne}})` } },
      {
        title: 'Refused orders',
        description: 'In an hour, by the code of the error; as Redis counts.',
        queries: { '{{code}}': `max by (code) (increase(darkroom_enqueues_refused_total{${ofOne}}[1h]))` },
      },
    ],
  },
  {
    title: 'Money',
    panels: [
      { title: 'Today', unit: 'currencyUSD', queries: { '{{part}}': `max by (part) (darkroom_spend_usd{period="day",${ofOne}})` } },
      { title: 'This month', unit: 'currencyUSD', queries: { '{{part}}': `max by (part) (darkroom_spend_usd{period="month",${ofOne}})` } },
      {
        title: 'Tenants today',
        unit: 'currencyUSD',
        description: 'The tenants of METRICS_TENANTS, and all others.',
        queries: { '{{tenant}}': `max by (tenant) (darkroom_tenant_spend_usd{period="day",part="spent",${ofOne}})` },
      },
      {
        title: 'Prices',
        description: 'Charged purchases of an hour, compared with the price list.',
        queries: { '{{compared}}': `sum by (compared) (increase(darkroom_prices_total{${ofOne}}[1h]))` },
      },
      { title: 'Unknown outcomes', queries: { 'money on hold': `max(darkroom_outcomes_unknown{${ofOne}})` } },
    ],
  },
  {
    title: 'Troubles',
    panels: [
      { title: 'Runs put back', queries: { '{{code}}': `sum by (code) (rate(darkroom_run_troubles_total{${ofOne}}[$__rate_interval]))` } },
      {
        title: 'Answers of Runware',
        queries: { '{{verdict}}': `sum by (verdict) (rate(darkroom_verdicts_total{${ofOne}}[$__rate_interval]))` },
      },
      {
        title: 'Failed requests in a row',
        queries: {
          failures: `max(darkroom_provider_failures{${ofOne}})`,
          'workers held': `sum(max by (kind) (darkroom_workers_held{${ofOne}}))`,
        },
      },
      {
        title: 'Findings of the reconciler',
        description: 'In an hour.',
        queries: { '{{kind}} {{action}}': `sum by (kind, action) (increase(darkroom_reconcile_findings_total{${ofOne}}[1h]))` },
      },
      { title: 'Last pass of the reconciler', unit: 's', queries: { ago: `time() - max(darkroom_reconciled_time_seconds{${ofOne}})` } },
      {
        title: 'Webhooks',
        queries: {
          '{{kind}}': `sum by (kind) (rate(darkroom_deliveries_total{${ofOne}}[$__rate_interval]))`,
          'refused {{reason}}': `sum by (reason) (rate(darkroom_delivery_refusals_total{${ofOne}}[$__rate_interval]))`,
        },
      },
    ],
  },
  {
    title: 'Stores and processes',
    panels: [
      { title: 'Memory of Redis', unit: 'bytes', queries: { '{{part}}': `max by (part) (darkroom_redis_memory_bytes{${ofOne}})` } },
      {
        title: 'Connections',
        description: '1 while a process can use the service.',
        queries: { '{{process}} {{service}}': `min by (process, service) (darkroom_connected{${ofOne}})` },
      },
      { title: 'Shortcomings of Redis', queries: { '{{kind}}': `max by (kind) (darkroom_redis_shortcomings{${ofOne}})` } },
      {
        title: 'Memory of processes',
        unit: 'bytes',
        queries: { '{{process}}': `max by (process) (process_resident_memory_bytes{${ofOne}})` },
      },
      { title: 'Processors', queries: { '{{process}}': `sum by (process) (rate(process_cpu_seconds_total{${ofOne}}[$__rate_interval]))` } },
      { title: 'Versions', queries: { '{{process}} {{version}}': `count by (process, version) (darkroom_build_info{${ofOne}})` } },
    ],
  },
];

const datasource = { type: 'prometheus', uid: '${datasource}' };

/** Returns the dashboard, with each panel in its place. */
export function buildDashboard() {
  /** @type {object[]} */
  const panels = [];
  let y = 0;
  for (const { title, panels: ofRow } of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title, collapsed: false, gridPos: { h: 1, w: 24, x: 0, y }, panels: [] });
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of ofRow) {
      const { width = 8, type = 'timeseries' } = panel;
      if (x + width > 24) [x, y] = [0, y + height];
      height = type === 'stat' ? 4 : 8;
      panels.push(panelOf(panel, panels.length + 1, { h: height, w: width, x, y }));
      x += width;
    }
    y += height;
  }
  return {
    uid: 'darkroom',
    title: 'Darkroom',
    tags: ['darkroom'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
        {
          name: 'namespace',
          type: 'query',
          label: 'Darkroom',
          datasource,
          query: { query: 'label_values(darkroom_build_info, namespace)', refId: 'namespace' },
          refresh: 2,
          includeAll: true,
          // Also targets without a namespace.
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    annotations: {
      list: [
        {
          name: 'Alarms',
          datasource,
          enable: true,
          iconColor: 'red',
          expr: `ALERTS{alertname=~"Darkroom.*",alertstate="firing",${ofOne}}`,
          titleFormat: '{{alertname}}',
        },
      ],
    },
    panels,
  };
}

/** @param {Panel} panel @param {number} id @param {{ h: number, w: number, x: number, y: number }} gridPos */
function panelOf({ title, queries, unit = 'short', type = 'timeseries', description, alarmAbove }, id, gridPos) {
  return {
    id,
    type,
    title,
    ...(description !== undefined && { description }),
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(alarmAbove !== undefined && {
          thresholds: {
            mode: 'absolute',
            steps: [
              { color: 'green', value: null },
              { color: 'red', value: alarmAbove },
            ],
          },
        }),
      },
      overrides: [],
    },
    options: type === 'stat' ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value' } : { tooltip: { mode: 'multi' } },
    targets: Object.entries(queries).map(([legendFormat, expr], at) => ({
      refId: String.fromCodePoint(65 + at),
      datasource,
      expr,
      legendFormat,
      range: true,
    })),
  };
}

/** Returns the expressions of all panels, as Prometheus takes them. */
export const dashboardQueries = () =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      Object.values(queries).map((expr) => ({ title, expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$namespace', '.*') })),
    ),
  );

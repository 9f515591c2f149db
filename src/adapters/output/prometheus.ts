import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { Log } from '../../ports/log.ts';
import type { Measurement } from '../../ports/measurement.ts';

/** Answers GET /metrics in the text format of Prometheus. */
export type MetricsListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Shows measurements, and what Node knows of the process. Values are read when somebody collects; two that collect at
 * once share one collection.
 * @param pause awaited after each measurement: some have a value for each mirror
 */
export function createMetricsListener(
  measurements: readonly Measurement[],
  log: Log,
  pause: () => Promise<void>,
): MetricsListener {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const measurement of measurements) registry.registerMetric(toMetric(measurement));
  let running: Promise<string> | undefined;

  const answer = async (response: ServerResponse, withBody: boolean) => {
    running ??= collect(registry, pause).finally(() => {
      running = undefined;
    });
    try {
      const text = await running;
      response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' });
      response.end(withBody ? text : undefined);
    } catch (error) {
      log.error('metrics not collected', { error });
      response.writeHead(500).end();
    }
  };
  return (request, response) => {
    const reading = request.method === 'GET' || request.method === 'HEAD';
    const [path] = (request.url ?? '').split('?');
    if (path !== '/metrics') response.writeHead(404).end('the metrics are at /metrics\n');
    else if (!reading) response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    else void answer(response, request.method === 'GET');
  };
}

/** One after the other, and not all in one piece as the registry itself does it. */
async function collect(registry: Registry, pause: () => Promise<void>): Promise<string> {
  const texts = [];
  for (const { name } of registry.getMetricsAsArray()) {
    texts.push(await registry.getSingleMetricAsString(name));
    await pause();
  }
  return `${texts.join('\n\n')}\n`;
}

function toMetric({ name, help, type, labels, read }: Measurement): Gauge | Counter {
  const options = { name, help, labelNames: [...labels], registers: [] };
  const named = (values: readonly string[]) =>
    Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
  // The totals are kept where they are counted: here they are only shown, and what is gone must not stay.
  if (type === 'gauge') {
    return new Gauge({
      ...options,
      collect() {
        this.reset();
        // A number that is not known is not 0.
        if (labels.length === 0) this.remove();
        for (const sample of read()) this.set(named(sample.labels), sample.value);
      },
    });
  }
  return new Counter({
    ...options,
    collect() {
      this.reset();
      for (const sample of read()) this.inc(named(sample.labels), sample.value);
    },
  });
}

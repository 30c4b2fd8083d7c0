import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What Prometheus reads at /metrics. Names and labels hold no secret: pools, reasons and statuses only. */
export interface Metrics {
  registry: Registry;
  pending: Gauge<'pool'>;
  running: Gauge<'pool'>;
  idle: Gauge<'pool'>;
  queued: Gauge<'pool'>;
  startSeconds: Histogram<'pool'>;
  created: Counter<'pool'>;
  failed: Counter<'pool' | 'reason'>;
  requests: Counter<'pool' | 'status'>;
  throttledSeconds: Counter<'pool'>;
}

export function newMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['pool'] as const, registers });
  return {
    registry,
    pending: gauge('cascade_agents_pending', 'Agents that were made and do not run yet.'),
    running: gauge('cascade_agents_running', 'Agents that run, with or without a job.'),
    idle: gauge('cascade_agents_idle', 'Agents that run and wait for a job.'),
    queued: gauge('cascade_jobs_queued', 'Jobs of the pool that no agent has taken.'),
    startSeconds: new Histogram({
      name: 'cascade_agent_start_seconds',
      help: 'From a job being queued to the start of the agent made for it.',
      labelNames: ['pool'],
      buckets: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800],
      registers,
    }),
    created: new Counter({
      name: 'cascade_agents_created_total',
      help: 'Agents made.',
      labelNames: ['pool'],
      registers,
    }),
    failed: new Counter({
      name: 'cascade_agents_failed_total',
      help: 'Agents that did not come or did not do their job, by reason.',
      labelNames: ['pool', 'reason'],
      registers,
    }),
    requests: new Counter({
      name: 'cascade_azure_devops_requests_total',
      help: 'Requests to Azure DevOps by the status of their answer; 0 is none.',
      labelNames: ['pool', 'status'],
      registers,
    }),
    throttledSeconds: new Counter({
      name: 'cascade_throttled_seconds_total',
      help: 'Time for which Azure DevOps asked to be left alone.',
      labelNames: ['pool'],
      registers,
    }),
  };
}

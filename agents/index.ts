import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pino } from 'pino';
import { Canceled, UserError } from '../tasks/lib/errors';
import { Secrets } from '../tasks/lib/secrets';
import { systemClock } from '../tasks/lib/world';
import { readConfig } from './config';
import { jsonLog } from './log';
import { run } from './run';

const readFile = (path: string): string => readFileSync(path, 'utf8');
const secrets = new Secrets(() => undefined);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

async function main(env: NodeJS.ProcessEnv): Promise<number> {
  for (const name of ['ORG_PAT', 'HOOK_PASSWORD', 'ACI_REGISTRY_PASSWORD']) secrets.add(env[name]?.trim());
  const read = readConfig(env, readFile);
  const out = pino.destination({ fd: 1, sync: true });
  if ('problems' in read) {
    const log = jsonLog('info', secrets, out);
    for (const problem of read.problems) log.error(problem);
    return 64;
  }
  const { config } = read;
  secrets.add(config.orgPat);
  const log = jsonLog(config.logLevel, secrets, out);
  const http = env.HTTP_PROXY ?? env.http_proxy;
  const https = env.HTTPS_PROXY ?? env.https_proxy ?? http;
  const none = env.NO_PROXY ?? env.no_proxy;
  const extraAuthorities = env.NODE_EXTRA_CA_CERTS;
  const environment = {
    ...(http && { http }),
    ...(https && { https }),
    ...(none && { none }),
    ...(extraAuthorities && { extraAuthorities }),
  };
  try {
    // In a cluster the name of the pod: a container that is started anew in it goes on with the Lease of the one before it at once.
    const identity = env.KUBERNETES_SERVICE_HOST ? hostname() : `${hostname()}-${randomBytes(4).toString('hex')}`;
    await run(config, {
      ...{ log, secrets, clock: systemClock, signal: stop.signal, network: { environment }, readFile, identity },
      onListening: (port) => log.say('info', `The orchestrator runs; health and metrics are at port ${port}.`),
    });
    return 0;
  } catch (error) {
    if (error instanceof Canceled) return 0;
    const text = error instanceof Error ? error.message : String(error);
    log.say('error', text, error instanceof UserError || !(error instanceof Error) ? {} : { stack: error.stack });
    return 1;
  }
}

void main(process.env).then((code) => process.exit(code));

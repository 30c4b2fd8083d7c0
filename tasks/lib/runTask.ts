import { setMaxListeners } from 'node:events';
import { Writable } from 'node:stream';
import * as taskLib from 'azure-pipelines-task-lib/task';
import type { Agent, Endpoint, Network } from './agent';
import { ApiError, Canceled, messageOf, UserError } from './errors';
import { harmless, type Log } from './log';
import { unescaped } from './network';
import { Secrets } from './secrets';
import type { Verdict } from './verdict';
import { systemClock, type World } from './world';

export interface Host {
  agent: Agent;
  world: World;
  secrets: Secrets;
}

const RESULTS = {
  Succeeded: taskLib.TaskResult.Succeeded,
  SucceededWithIssues: taskLib.TaskResult.SucceededWithIssues,
  Failed: taskLib.TaskResult.Failed,
};

/** Inputs whose values are for the service alone: no log shows more of them than names. */
const UNPRINTED = new Set(['parameters', 'variables', 'stageVariables', 'runs', 'buildArgs', 'packageIndexes']);
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * Runs a task's work inside an agent: gives it the world, turns what it throws into a verdict, and tells the agent the verdict once.
 * The process ends with 0; the agent learns of a failure from the command, not from the exit code.
 */
export async function runTask(work: (host: Host) => Promise<Verdict>): Promise<void> {
  // Newer Nodes warn of what libraries call (DEP0169 for url.parse); a pipeline's author cannot mend that.
  process.noDeprecation = true;
  const secrets = new Secrets((value) => taskLib.setSecret(value));
  const agent = taskLibAgent(secrets);
  const canceled = new AbortController();
  // Every request under way listens; Node would print a warning from the eleventh on.
  setMaxListeners(0, canceled.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const) process.on(signal, () => canceled.abort());
  const world: World = { clock: systemClock, log: agentLog(secrets), signal: canceled.signal };
  const verdict = await work({ agent, world, secrets }).catch((error: unknown) => verdictOfError(error, world.log));
  taskLib.setResult(RESULTS[verdict.result], secrets.redact(harmless(verdict.message)));
  // Requests that nobody waits for any more must not hold the process.
  process.stdout.write('', () => process.exit(0));
}

function verdictOfError(error: unknown, log: Log): Verdict {
  if (error instanceof UserError || error instanceof ApiError || error instanceof Canceled) {
    if (error.cause) log.debug(messageOf(error.cause));
    return { result: 'Failed', message: error.message };
  }
  log.debug(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return {
    result: 'Failed',
    message: `This is a defect of the task: ${messageOf(error)} Run with system.debug for the place, and report it.`,
  };
}

function agentLog(secrets: Secrets): Log {
  const clean = (text: string) => secrets.redact(harmless(text));
  const print = (text: string) => taskLib.writeExternalOutput(`${text}\n`, { source: 'remote' });
  return {
    info: (text) => print(clean(text)),
    warning: (text) => taskLib.warning(clean(text)),
    error: (text) => taskLib.error(clean(text)),
    debug: (text) => taskLib.debug(clean(text)),
    group: (title, lines) => {
      print(`##[group]${clean(title)}`);
      for (const line of lines) print(clean(line));
      print('##[endgroup]');
    },
  };
}

function taskLibAgent(secrets: Secrets): Agent {
  const outputs = new Map<string, string>();
  const endpoint = (id: string): Endpoint | undefined => {
    const url = taskLib.getEndpointUrl(id, true);
    const scheme = taskLib.getEndpointAuthorizationScheme(id, true);
    if (!url || !scheme) return undefined;
    return {
      id,
      url,
      scheme,
      parameter: (name) => quietly(() => taskLib.getEndpointAuthorizationParameter(id, name, true)) || undefined,
      data: (name) => taskLib.getEndpointDataParameter(id, name, true) || undefined,
    };
  };
  return {
    input: (name) => {
      const read = () => taskLib.getInput(name);
      return (UNPRINTED.has(name) ? quietly(read) : read())?.trim() || undefined;
    },
    variable: (name) => quietly(() => taskLib.getVariable(name)) || undefined,
    variables: () =>
      quietly(() => taskLib.getVariables()).map(({ name, value, secret }) => ({
        name,
        value: secret ? '' : value,
        secret,
      })),
    endpoint,
    systemEndpoint: () => endpoint('SYSTEMVSSCONNECTION'),
    network: () => readNetwork(secrets),
    setSecret: (value) => taskLib.setSecret(value),
    setOutput: (name, value, secret = false) => {
      // An output is read-only once it is set; saying the same again would only be noise.
      if (outputs.get(name) === value) return;
      outputs.set(name, value);
      taskLib.setVariable(name, value, secret, true);
    },
    setTaskVariable: (name, value) => taskLib.setTaskVariable(name, value),
    taskVariable: (name) => taskLib.getTaskVariable(name),
    attach: (type, name, file) => taskLib.addAttachment(type, name, file),
    uploadSummary: (file) => taskLib.uploadSummary(file),
    setProgress: (percent, text) => taskLib.setProgress(percent, harmless(text)),
  };
}

/** task-lib prints what it reads to the debug log; what this reads it does not. */
function quietly<T>(read: () => T): T {
  taskLib.setStdStream(nowhere);
  try {
    return read();
  } finally {
    taskLib.setStdStream(process.stdout);
  }
}

/** Proxy and certificates as the agent was configured with; a proxy for every host but those of its bypass list. */
function readNetwork(secrets: Secrets): Network {
  const proxy = taskLib.getHttpProxyConfiguration();
  secrets.add(proxy?.proxyPassword, proxy?.proxyUsername);
  const cert = taskLib.getHttpCertConfiguration();
  const skip = taskLib.getVariable('Agent.SkipCertValidation');
  return {
    ...(proxy && {
      proxy: {
        proxyUrl: proxy.proxyUrl,
        ...(proxy.proxyUsername && { proxyUsername: proxy.proxyUsername }),
        ...(proxy.proxyPassword && { proxyPassword: proxy.proxyPassword }),
        ...(proxy.proxyBypassHosts && { proxyBypassHosts: proxy.proxyBypassHosts }),
      },
    }),
    ...(cert && {
      cert: {
        ...(cert.caFile && { caFile: cert.caFile }),
        ...(cert.certFile && { certFile: cert.certFile }),
        ...(cert.keyFile && { keyFile: cert.keyFile }),
        ...(cert.passphrase && { passphrase: cert.passphrase }),
      },
    }),
    ...(skip?.toLowerCase() === 'true' && { ignoreSslError: true }),
    environment: readEnvironment(process.env, secrets),
  };
}

function readEnvironment(env: NodeJS.ProcessEnv, secrets: Secrets): NonNullable<Network['environment']> {
  const { NODE_EXTRA_CA_CERTS: extraAuthorities } = env;
  const http = env.HTTP_PROXY ?? env.http_proxy;
  const https = env.HTTPS_PROXY ?? env.https_proxy ?? http;
  const none = env.NO_PROXY ?? env.no_proxy;
  for (const proxy of [http, https]) {
    const { username = '', password } = proxy && URL.canParse(proxy) ? new URL(proxy) : {};
    secrets.add(password && unescaped(password), unescaped(username));
  }
  return {
    ...(http && { http }),
    ...(https && { https }),
    ...(none && { none }),
    ...(extraAuthorities && { extraAuthorities }),
  };
}

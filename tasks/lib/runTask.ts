import * as taskLib from 'azure-pipelines-task-lib/task';
import type { Agent, Endpoint } from './agent';
import { ApiError, Canceled, messageOf, UserError } from './errors';
import { harmless, type Log } from './log';
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

/**
 * Runs a task's work inside an agent: gives it the world, turns what it throws into a verdict, and tells the agent the verdict once.
 * The process ends with 0; the agent learns of a failure from the command, not from the exit code.
 */
export async function runTask(work: (host: Host) => Promise<Verdict>): Promise<void> {
  // Newer Nodes warn of what libraries call (DEP0169 for url.parse); a pipeline's author cannot mend that.
  process.noDeprecation = true;
  const agent = taskLibAgent();
  const secrets = new Secrets((value) => agent.setSecret(value));
  const canceled = new AbortController();
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

function taskLibAgent(): Agent {
  const endpoint = (id: string): Endpoint | undefined => {
    const url = taskLib.getEndpointUrl(id, true);
    const scheme = taskLib.getEndpointAuthorizationScheme(id, true);
    if (!url || !scheme) return undefined;
    return {
      id,
      url,
      scheme,
      parameter: (name) => taskLib.getEndpointAuthorizationParameter(id, name, true) || undefined,
      data: (name) => taskLib.getEndpointDataParameter(id, name, true) || undefined,
    };
  };
  return {
    input: (name) => taskLib.getInput(name)?.trim() || undefined,
    variable: (name) => taskLib.getVariable(name) || undefined,
    variables: () =>
      taskLib.getVariables().map(({ name, value, secret }) => ({ name, value: secret ? '' : value, secret })),
    endpoint,
    systemEndpoint: () => endpoint('SYSTEMVSSCONNECTION'),
    network: readNetwork,
    setSecret: (value) => taskLib.setSecret(value),
    setOutput: (name, value, secret = false) => taskLib.setVariable(name, value, secret, true),
    setTaskVariable: (name, value) => taskLib.setTaskVariable(name, value),
    taskVariable: (name) => taskLib.getTaskVariable(name),
    attach: (type, name, file) => taskLib.addAttachment(type, name, file),
    uploadSummary: (file) => taskLib.uploadSummary(file),
    setProgress: (percent, text) => taskLib.setProgress(percent, harmless(text)),
  };
}

/** Proxy and certificates as the agent was configured with; a proxy for every host but those of its bypass list. */
function readNetwork(): ReturnType<Agent['network']> {
  const proxy = taskLib.getHttpProxyConfiguration();
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
  };
}

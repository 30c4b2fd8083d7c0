/** A service connection as the job carries it. */
export interface Endpoint {
  id: string;
  url: string;
  scheme: string;
  parameter(name: string): string | undefined;
  data(name: string): string | undefined;
}

/** How the agent reaches the network, in the library's words. */
export interface Network {
  /** For every host but those whose address fits a regular expression of the bypass list. */
  proxy?: { proxyUrl: string; proxyUsername?: string; proxyPassword?: string; proxyBypassHosts?: string[] };
  cert?: { caFile?: string; certFile?: string; keyFile?: string; passphrase?: string };
  ignoreSslError?: boolean;
  /** What the environment says: HTTP_PROXY, HTTPS_PROXY and NO_PROXY count where the agent has no proxy of its own. */
  environment?: { http?: string; https?: string; none?: string; extraAuthorities?: string };
}

/** What the host of a step offers: task-lib in an agent (runTask.ts), a table in tests. */
export interface Agent {
  /** The value of an input without blanks around it; undefined when it is empty. */
  input(name: string): string | undefined;
  variable(name: string): string | undefined;
  /** Every variable of the job by its real name, secret ones without value. */
  variables(): { name: string; value: string; secret: boolean }[];
  endpoint(id: string): Endpoint | undefined;
  /** The connection that every job has, with the job's own token. */
  systemEndpoint(): Endpoint | undefined;
  network(): Network;
  setSecret(value: string): void;
  setOutput(name: string, value: string, secret?: boolean): void;
  /** Kept for the post-job part of the same step. */
  setTaskVariable(name: string, value: string): void;
  taskVariable(name: string): string | undefined;
  attach(type: string, name: string, file: string): void;
  uploadSummary(file: string): void;
  setProgress(percent: number, text: string): void;
}

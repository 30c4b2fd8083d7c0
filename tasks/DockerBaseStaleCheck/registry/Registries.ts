import { createHash } from 'node:crypto';
import type { Secrets } from '../../lib/secrets';
import { one, type HttpAnswer, type HttpRequest, type Transport } from '../../lib/transport';
import type { World } from '../../lib/world';
import type { ImageReference } from '../reference';
import { parseChallenges, type Challenge } from './challenge';
import { basicHeader, loginHost, type FindCredential, type NamedCredential } from './credentials';
import { apiHost, originOf, type HostOptions } from './hosts';
import type { RequestCounts } from './hostState';
import { ACCEPT, readConfig, readManifest, type ImageConfig, type Manifest } from './manifest';
import { RegistryRefusal } from './refusal';
import { RegistryHosts } from './RegistryHosts';
import { RegistryTokens } from './tokens';

export interface RegistryOptions extends HostOptions {
  credentialFor: FindCredential;
}

export type Repository = Pick<ImageReference, 'host' | 'path'>;

const JSON_ANSWER = { accept: 'application/json' };

/**
 * Asks OCI registries, each distinct question once in a run: HEAD for a tag's digest, GET for manifests and configurations.
 * All methods throw `RegistryRefusal` where there is no answer to judge by.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class Registries {
  private readonly hosts: RegistryHosts;
  /** By address: what a registry asked for when it refused, which may be another way than it said at first. */
  private readonly challenges = new Map<string, Challenge>();
  private readonly answers = new Map<string, Promise<unknown>>();
  private readonly tokens: RegistryTokens;

  constructor(
    transport: Transport,
    private readonly options: RegistryOptions,
    world: World,
    secrets: Secrets,
  ) {
    this.hosts = new RegistryHosts(transport, options, world);
    const send = (request: HttpRequest) => this.hosts.send(request, 'token');
    this.tokens = new RegistryTokens(send, () => world.clock.now(), secrets);
  }

  /** What every host was asked, for the report. */
  get requests(): Record<string, RequestCounts> {
    return this.hosts.requests;
  }

  /** Digest of what a tag or digest means now: of the index where there is one. */
  async digest(reference: ImageReference): Promise<string> {
    return this.once(`HEAD ${this.manifestPath(reference)}`, async () => {
      const answer = await this.ask('HEAD', reference, this.manifestPath(reference));
      const digest = one(answer.headers['docker-content-digest']);
      if (digest) return digest;
      // Old registries give no digest with HEAD: then it is that of the very bytes.
      return (await this.manifest(reference)).digest;
    });
  }

  /** The manifest of a tag or digest, checked against its digest. */
  async manifest(reference: ImageReference): Promise<{ digest: string; manifest: Manifest }> {
    return this.once(`GET ${this.manifestPath(reference)}`, async () => {
      const answer = await this.ask('GET', reference, this.manifestPath(reference));
      const digest = checkedDigest(answer, reference.digest);
      const manifest = readManifest(answer.text);
      if (!manifest) throw new RegistryRefusal('unavailable', 'its manifest is of a kind that is not read');
      return { digest, manifest };
    });
  }

  /** The configuration of an image by its digest in the repository. */
  async config(repository: Repository, digest: string): Promise<ImageConfig> {
    const path = `/v2/${repository.path}/blobs/${digest}`;
    return this.once(`GET ${repository.host}${path}`, async () => {
      const answer = await this.ask('GET', repository, path);
      checkedDigest(answer, digest);
      const config = readConfig(answer.text);
      if (!config) throw new RegistryRefusal('unavailable', 'its configuration is of a kind that is not read');
      return config;
    });
  }

  /** A document of a host beside its registry, such as Docker Hub's tags, asked without login. Undefined for a 404. */
  async document(host: string, path: string): Promise<unknown> {
    return this.once(`GET ${host}${path}`, async () => {
      const asked = this.options.mirrors.get(host) ?? host;
      const url = `${originOf(asked, this.options)}${path}`;
      const answer = await this.hosts.send({ method: 'GET', url, headers: JSON_ANSWER }, 'get');
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw new RegistryRefusal('unavailable', `${host} answered with ${answer.status}`);
      return JSON.parse(answer.text) as unknown;
    });
  }

  private manifestPath({ path, tag, digest }: ImageReference): string {
    return `/v2/${path}/manifests/${digest ?? tag ?? 'latest'}`;
  }

  /** One request in the name of whoever may, with a sign-in where the registry asks for it. */
  private async ask(method: 'HEAD' | 'GET', { host, path }: Repository, at: string): Promise<HttpAnswer> {
    const asked = apiHost(host, this.options);
    const { origin, challenges } = await this.hosts.entrance(asked);
    const credential = await this.options.credentialFor(loginHost(asked));
    const scope = `repository:${path}:pull`;
    const request: HttpRequest = {
      method,
      url: origin + at,
      headers: { accept: at.includes('/manifests/') ? ACCEPT : '*/*' },
      followToOtherHosts: true,
    };
    const first = this.challenges.get(origin) ?? chosen(challenges, credential);
    let header = first ? await this.headerFor(origin, { challenge: first, scope, credential }) : '';
    let answer = await this.signed(request, header);
    for (let renewals = 0; answer.status === 401 && renewals < 2; renewals++) {
      const challenge = chosen(parseChallenges(answer.headers['www-authenticate']), credential);
      if (!challenge || (challenge.scheme === 'basic' && header)) break;
      this.challenges.set(origin, challenge);
      const before = header;
      header = await this.headerFor(origin, { challenge, scope, credential }, before);
      if (header === before) break;
      answer = await this.signed(request, header);
    }
    // What answers no HEAD is asked by GET.
    if (answer.status === 200 || (method === 'HEAD' && answer.status === 405)) return answer;
    throw refusalOf(answer, credential);
  }

  private async headerFor(
    origin: string,
    { challenge, scope, credential }: { challenge: Challenge; scope: string; credential: NamedCredential | undefined },
    refused?: string,
  ): Promise<string> {
    if (challenge.scheme === 'bearer') {
      return this.tokens.header({ registry: origin, challenge, scope, credential }, refused);
    }
    return credential?.credential.kind === 'password' ? basicHeader(credential.credential) : '';
  }

  private signed(request: HttpRequest, header: string): Promise<HttpAnswer> {
    const credentials = header ? { authorization: () => Promise.resolve(header) } : undefined;
    return this.hosts.send({ ...request, credentials }, request.method === 'HEAD' ? 'head' : 'get');
  }

  private once<T>(question: string, ask: () => Promise<T>): Promise<T> {
    const known = this.answers.get(question) as Promise<T> | undefined;
    const answer = known ?? ask();
    this.answers.set(question, answer);
    return answer;
  }
}

/** The challenge that can be answered: Bearer before Basic, which needs a password. */
function chosen(challenges: Challenge[], credential: NamedCredential | undefined): Challenge | undefined {
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
  if (bearer) return bearer;
  return credential?.credential.kind === 'password' ? challenges.find(({ scheme }) => scheme === 'basic') : undefined;
}

function checkedDigest({ text, headers }: HttpAnswer, wanted: string | undefined): string {
  const named = wanted ?? one(headers['docker-content-digest']);
  const algorithm = named?.split(':')[0] ?? 'sha256';
  if (!['sha256', 'sha384', 'sha512'].includes(algorithm)) return named ?? '';
  const digest = `${algorithm}:${createHash(algorithm).update(text, 'utf8').digest('hex')}`;
  if (named !== undefined && named !== digest) {
    throw new RegistryRefusal('unavailable', `the registry's answer does not have the digest ${named}`);
  }
  return digest;
}

interface ErrorBody {
  errors?: { code?: string; message?: string }[];
}

function refusalOf({ status, text }: HttpAnswer, credential: NamedCredential | undefined): RegistryRefusal {
  const said = saidBy(text);
  const who = credential ? `by ${credential.name}` : 'without a login';
  if (status === 401 || status === 403) {
    return new RegistryRefusal('missing', `not found or no access ${who} (${status}${said})`);
  }
  if (status === 404) return new RegistryRefusal('missing', `not found (404${said})`);
  return new RegistryRefusal('unavailable', `the registry answered with ${status}${said}`);
}

function saidBy(text: string): string {
  try {
    const [first] = (JSON.parse(text) as ErrorBody).errors ?? [];
    return first ? `, ${[first.code, first.message].filter(Boolean).join(': ')}` : '';
  } catch {
    return '';
  }
}

import { messageOf } from '../../lib/errors';
import type { Secrets } from '../../lib/secrets';
import { bare, one, type HttpAnswer, type HttpRequest } from '../../lib/transport';
import type { Challenge } from './challenge';
import type { NamedCredential } from './credentials';
import { basicHeader } from './credentials';
import { realmRefusal } from './hosts';
import { RegistryRefusal } from './refusal';

interface Ask {
  /** Address of the registry, as in `https://ghcr.io`. */
  registry: string;
  challenge: Challenge;
  scope: string;
  credential: NamedCredential | undefined;
}

interface Held {
  header: Promise<string>;
  /** Epoch milliseconds; unknown while it is asked for. */
  endsAt: number;
}

/** What a token lives when its answer does not say. */
const USUAL_LIFE_MS = 60_000;

/**
 * Tokens of registries by address and scope, each asked for once however many want it at the same time.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export class RegistryTokens {
  private readonly held = new Map<string, Held>();

  constructor(
    private readonly send: (request: HttpRequest) => Promise<HttpAnswer>,
    private readonly now: () => number,
    private readonly secrets: Secrets,
  ) {}

  /** The header that answers a challenge. @param refused the header that was not accepted: another one is got. */
  async header(ask: Ask, refused?: string): Promise<string> {
    const key = `${ask.registry} ${ask.challenge.parameters.get('realm') ?? ''} ${ask.scope}`;
    const known = this.held.get(key);
    if (known && known.endsAt > this.now() && (await known.header) !== refused) return known.header;
    const fresh: Held = { header: Promise.resolve(''), endsAt: Infinity };
    fresh.header = this.get(ask, fresh);
    this.held.set(key, fresh);
    fresh.header.catch(() => this.held.delete(key));
    return fresh.header;
  }

  private async get(ask: Ask, held: Held): Promise<string> {
    const askedAt = this.now();
    const answer = await this.request(ask);
    const { realm = '', who } = { realm: ask.challenge.parameters.get('realm'), who: nameOf(ask.credential) };
    if (answer.status === 401 || answer.status === 403) {
      const kind = ask.credential ? 'unavailable' : 'missing';
      throw new RegistryRefusal(kind, `${bare(realm)} gives no token ${who} (${answer.status})`);
    }
    const { token, lifetimeMs } = readToken(answer.text);
    if (answer.status !== 200 || !token) {
      const page = (one(answer.headers['content-type']) ?? '').includes('text/html') ? 'a page of HTML and ' : '';
      throw new RegistryRefusal('unavailable', `${bare(realm)} answered with ${answer.status}, ${page}no token`);
    }
    this.secrets.add(token);
    // A little early, so that none ends on its way.
    held.endsAt = askedAt + lifetimeMs * 0.9;
    return `Bearer ${token}`;
  }

  private async request({ registry, challenge, scope, credential }: Ask): Promise<HttpAnswer> {
    const realm = challenge.parameters.get('realm') ?? '';
    const refusal = realmRefusal(realm, registry);
    if (refusal) throw new RegistryRefusal('unavailable', `its tokens are not asked for, because ${refusal}`);
    const service = challenge.parameters.get('service');
    const fields = { ...(service !== undefined && { service }), scope };
    if (credential?.credential.kind === 'refreshToken') {
      const token = await credential.credential.token().catch((error: unknown) => {
        throw new RegistryRefusal('unavailable', `${credential.name} cannot sign in: ${messageOf(error)}`);
      });
      this.secrets.add(token);
      const body = { grant_type: 'refresh_token', refresh_token: token, client_id: 'pipeline-cascade', ...fields };
      const answer = await this.send({
        method: 'POST',
        url: realm,
        headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(body).toString(),
        repeatable: true,
      });
      if (answer.status !== 404 && answer.status !== 405) return answer;
      return this.send(getToken(realm, fields, basicHeader({ username: '<token>', password: token })));
    }
    return this.send(getToken(realm, fields, credential && basicHeader(credential.credential)));
  }
}

function getToken(realm: string, fields: Record<string, string>, authorization: string | undefined): HttpRequest {
  const url = new URL(realm);
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return {
    method: 'GET',
    url: url.href,
    headers: { accept: 'application/json' },
    credentials: authorization ? { authorization: () => Promise.resolve(authorization) } : undefined,
  };
}

function readToken(text: string): { token: string | undefined; lifetimeMs: number } {
  try {
    const { token, access_token: accessToken, expires_in: seconds } = JSON.parse(text) as Record<string, unknown>;
    const value = token ?? accessToken;
    const lifetimeMs = Number(seconds) * 1000 || USUAL_LIFE_MS;
    return { token: typeof value === 'string' && value ? value : undefined, lifetimeMs };
  } catch {
    return { token: undefined, lifetimeMs: 0 };
  }
}

function nameOf(credential: NamedCredential | undefined): string {
  return credential ? `for ${credential.name}` : 'without a login';
}

/** A refusal of the service, or no answer at all (status 0). */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    message: string,
    /** How long the service wants to be left alone. */
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }
}

export interface RestOptions {
  /** The viewer's own token, asked for before every request: the host page renews it. */
  token(): Promise<string>;
  /** Organization URLs with their closing slash. */
  core: string;
  release: string;
  fetch: typeof fetch;
}

export interface Request {
  area?: 'core' | 'release';
  method?: 'GET' | 'PATCH';
  /** Below the organization, with its query. */
  path: string;
  version: string;
  body?: unknown;
}

/** Requests to Azure DevOps as the viewer of the page. Reading is never sent to another host than the organization's own. */
export class Rest {
  constructor(private readonly options: RestOptions) {}

  async json<Value>(request: Request): Promise<Value> {
    const text = await this.text(request);
    try {
      return JSON.parse(text) as Value;
    } catch {
      throw new Refusal(0, 'The answer of the service cannot be read; signing in again may help.');
    }
  }

  /** The body of the answer; throws a Refusal with the service's own reason. */
  async text({ area = 'core', method = 'GET', path, version, body }: Request): Promise<string> {
    const { options } = this;
    const base = area === 'core' ? options.core : options.release;
    const response = await this.send(`${base}${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, {
      method,
      headers: {
        authorization: `Bearer ${await options.token()}`,
        accept: 'application/json',
        // Without it an expired session is answered with a redirect to a sign-in page of another host.
        'x-tfs-fedauthredirect': 'Suppress',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status === 203) throw new Refusal(401, 'The session has expired: reload the page.');
    if (!response.ok) throw new Refusal(response.status, reasonIn(text), retryAfter(response));
    return text;
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.options.fetch(url, init);
    } catch {
      throw new Refusal(0, 'Azure DevOps cannot be reached.');
    }
  }
}

function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

function retryAfter({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? '0');
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

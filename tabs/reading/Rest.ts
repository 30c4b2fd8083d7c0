/** A refusal of the service, or no answer at all (status 0). */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    message: string,
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
  private retryAfterMs = 0;

  constructor(private readonly options: RestOptions) {}

  async json<Value>(request: Request): Promise<Value> {
    const text = await this.text(request);
    try {
      return JSON.parse(text) as Value;
    } catch {
      throw new Refusal(0, 'its answer was no JSON');
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
    this.retryAfterMs = Math.max(this.retryAfterMs, retryAfter(response));
    const text = await response.text();
    // A sign-in page, which is no answer to the question.
    if (response.status === 203) throw new Refusal(401, '');
    if (!response.ok) throw new Refusal(response.status, reasonIn(text));
    return text;
  }

  /** How long the service wants to be left alone since this was asked last: it says so with any status. */
  takeRetryAfter(): number {
    const ms = this.retryAfterMs;
    this.retryAfterMs = 0;
    return ms;
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.options.fetch(url, init);
    } catch {
      throw new Refusal(0, '');
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

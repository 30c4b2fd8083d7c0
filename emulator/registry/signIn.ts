import type { RegistryCall } from './server';

export interface SignInOptions {
  /** User names and passwords; none lets everybody read. */
  users?: Record<string, string>;
  /** How a user is known: a token of this server's own, Basic, or a token in the ways of Azure Container Registry. */
  auth?: 'token' | 'basic' | 'azure';
  /** Whether a token of Microsoft Entra ID may be exchanged, for `azure`. */
  trusts?: (token: string) => boolean;
  /** Address of the token service as the challenge names it; this server unless given. */
  realm?: string;
}

export interface Reply {
  status: number;
  text?: string;
  headers?: Record<string, string>;
}

/** A token is this with the name of its repository, for which alone it is accepted, and a number: each is another one. */
const TOKEN = 'emulated-registry-token-for-';
const REFRESH_TOKEN = 'emulated-refresh-token';

/** The name that stands for a refresh token where a user name is wanted. */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/** How a registry knows who asks: challenges, tokens, and the exchange of Azure Container Registry. */
export function signInOf(host: () => string, { users, auth = 'token', trusts, realm }: SignInOptions) {
  const isOpen = !users && !trusts;
  let given = 0;
  const granted = (scope: string | null): Reply => {
    const repository = /^repository:(.*):pull$/.exec(scope ?? '')?.[1];
    return repository === undefined
      ? { status: 400, text: '{"errors":[{"code":"DENIED"}]}' }
      : json({ access_token: `${TOKEN}${repository}.${++given}`, expires_in: 300 });
  };

  return {
    /** Whether the call may read the repository. */
    isAllowed({ authorization = '' }: RegistryCall, repository: string): boolean {
      if (isOpen) return true;
      return auth === 'basic'
        ? isUser(authorization, users)
        : authorization.startsWith(`Bearer ${TOKEN}${repository}.`);
    },

    /** The answer to who did not say who asks. */
    challenge(repository: string): Reply {
      const own = `http://${host()}/${auth === 'azure' ? 'oauth2/token' : 'token'}`;
      const scope = repository && `,scope="repository:${repository}:pull"`;
      const bearer = `Bearer realm="${realm ?? own}",service="${host()}"${scope}`;
      return {
        status: 401,
        headers: { 'www-authenticate': auth === 'basic' ? 'Basic realm="emulator, one of many"' : bearer },
        text: '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
      };
    },

    /** The token services; undefined for any other address. https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md */
    token(call: RegistryCall): Reply | undefined {
      const { pathname, searchParams } = new URL(call.path, `http://${host()}`);
      const form = new URLSearchParams(call.body);
      if (pathname === '/oauth2/exchange' && auth === 'azure' && call.method === 'POST') {
        const fits = form.get('grant_type') === 'access_token' && form.get('service') === host();
        if (!fits || !trusts?.(form.get('access_token') ?? '')) return { status: 401, text: '{}' };
        return json({ refresh_token: REFRESH_TOKEN });
      }
      if (pathname !== '/token' && pathname !== '/oauth2/token') return undefined;
      if (call.method === 'POST') {
        const fits = form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === REFRESH_TOKEN;
        return auth === 'azure' && fits ? granted(form.get('scope')) : { status: 401, text: '{}' };
      }
      const isToken = userIn(call.authorization)?.join(':') === `${TOKEN_USER}:${REFRESH_TOKEN}`;
      return isOpen || isToken || isUser(call.authorization ?? '', users)
        ? granted(searchParams.get('scope'))
        : { status: 401, text: '{}' };
    },
  };
}

function json(value: unknown): Reply {
  return { status: 200, text: JSON.stringify(value) };
}

function userIn(authorization = ''): string[] | undefined {
  if (!authorization.startsWith('Basic ')) return undefined;
  const text = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function isUser(authorization: string, users: Record<string, string> | undefined): boolean {
  const [name = '', password] = userIn(authorization) ?? [];
  return users?.[name] !== undefined && users[name] === password;
}

/**
 * The `Authorization` header that npm would send to an address by its configuration: `//host/path/:_authToken`, or `:username` with
 * `:_password` (base64), of the longest path that fits. `${NAME}` is a variable of the environment. Pure.
 * https://docs.npmjs.com/cli/configuring-npm/npmrc#auth-related-configuration
 * @param files texts of npm's configuration files, the weightiest first.
 */
export function npmLogin(
  address: string,
  files: readonly string[],
  variable: (name: string) => string | undefined,
): string | undefined {
  const values = new Map<string, string>();
  for (const text of files) {
    for (const [, key = '', written = ''] of text.matchAll(
      /^[ \t]*(\/\/[^\s=]+)[ \t]*=[ \t]*"?([^\r\n"]*?)"?[ \t]*$/gm,
    )) {
      const value = written.replace(/\$\{([^}]+)\}/g, (_, name: string) => variable(name) ?? '');
      if (!values.has(key)) values.set(key, value);
    }
  }
  const { host, pathname } = new URL(address);
  for (let path = pathname.replace(/\/*$/, '/'); ; path = path.replace(/[^/]*\/$/, '')) {
    const of = (name: string) => values.get(`//${host}${path}:${name}`) || undefined;
    const [token, basic, username, password] = [of('_authToken'), of('_auth'), of('username'), of('_password')];
    if (token !== undefined) return `Bearer ${token}`;
    if (basic !== undefined) return `Basic ${basic}`;
    if (username !== undefined && password !== undefined) {
      const pair = `${username}:${Buffer.from(password, 'base64').toString('utf8')}`;
      return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
    }
    if (path === '/' || path === '') return undefined;
  }
}

/**
 * The scope that a request needs; see the `security` of each operation in https://github.com/MicrosoftDocs/vsts-rest-api-specs.
 * A scope that may change things may read them as well.
 */
export function scopesFor(method: string, path: string): string[] {
  const area = /\/_apis\/release\//i.test(path) ? 'vso.release' : 'vso.build';
  return method === 'GET' ? [area, `${area}_execute`] : [`${area}_execute`];
}

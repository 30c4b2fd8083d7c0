import fs from 'node:fs';
import path from 'node:path';
import { patternOf, type Sent } from './publishedRequests';

interface Operation {
  security?: { oauth2?: string[] }[];
}

/** The scopes that the published documents name for a request, any one of which will do; none for one that nobody published. */
export function publishedScopes(folder: string): (sent: Sent) => string[] {
  const operations = fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.json') && !file.includes('schema'))
    .flatMap((file) => {
      const text = fs.readFileSync(path.join(folder, file), 'utf8').replace(/^\uFEFF/, '');
      const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> };
      return Object.entries(paths).flatMap(([template, methods]) =>
        Object.entries(methods).map(([method, { security = [] }]) => ({
          method: method.toUpperCase(),
          pattern: patternOf(template),
          scopes: security.flatMap(({ oauth2 = [] }) => oauth2),
        })),
      );
    });
  return (sent) => {
    const [address = ''] = sent.path.split('?');
    return operations.find(({ method, pattern }) => method === sent.method && pattern.test(address))?.scopes ?? [];
  };
}

import { Minimatch } from 'minimatch';

/** What the `dockerfiles` input is when it is left empty. */
export const DEFAULT_PATTERNS: readonly string[] = [
  '**/Dockerfile',
  '**/Dockerfile.*',
  '**/*.Dockerfile',
  '**/Containerfile',
  '!**/*.lock.json',
  '!**/*.dockerignore',
  '!**/*.{md,ts,js,py,go,json,yml,yaml}',
  '!**/node_modules/**',
  '!**/.git/**',
];

export interface Patterns {
  /** The patterns that were given and are no excludes, as written. */
  written: string[];
  /** Indexes into `written` of the patterns that match the path; undefined where the file is not wanted at all. */
  match(path: string): number[] | undefined;
  /** Whether a file that is wanted can lie in the folder. */
  mayHold(folder: string): boolean;
}

const OPTIONS = { dot: true, nocase: true, nocomment: true, nonegate: true } as const;

/**
 * Reads patterns, one each: `*`, `**`, `?`, `[]`, `{}`; `!` before one excludes, wherever it stands; case does not matter.
 * With excludes only, they are added to the default. Paths are relative to the search folder; a pattern may begin with one
 * of `roots`, its absolute path.
 */
export function readPatterns(patterns: readonly string[], roots: readonly string[]): Patterns {
  const given = patterns.map((pattern) => pattern.trim()).filter((pattern) => pattern !== '');
  const written = given.filter((pattern) => !pattern.startsWith('!'));
  const used = written.length > 0 ? given : [...DEFAULT_PATTERNS, ...given];
  const includes = used.filter((pattern) => !pattern.startsWith('!')).map((pattern) => compile(pattern, roots));
  const excludes = used.filter((pattern) => pattern.startsWith('!')).map((pattern) => compile(pattern.slice(1), roots));
  const excludedFolders = excludes.filter(({ pattern }) => /(?:^|\/)\*\*$/.test(pattern));

  return {
    written,
    match(path) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const matching = includes.flatMap(({ nameTest, full }, index) =>
        nameTest(name) && full.match(path) ? [index] : [],
      );
      if (matching.length === 0 || excludes.some(({ full }) => full.match(path))) return undefined;
      return written.length > 0 ? matching : [];
    },
    mayHold(folder) {
      if (excludedFolders.some(({ full }) => full.match(`${folder}/x`))) return false;
      return includes.some(({ full }) => full.match(folder, true));
    },
  };
}

interface PathMatcher {
  /** `partial`: whether the path can be the start of one that matches. */
  match(path: string, partial?: boolean): boolean;
}

interface Compiled {
  pattern: string;
  full: PathMatcher;
  /** A quick look at the file name, as most of the files of a large tree fail there already. */
  nameTest: (name: string) => boolean;
}

function compile(written: string, roots: readonly string[]): Compiled {
  const pattern = relativeTo(roots, written.replaceAll('\\', '/')).replace(/^(?:\.?\/)+/, '');
  const last = pattern.slice(pattern.lastIndexOf('/') + 1);
  // Braces may hold slashes: then the text behind the last slash is no pattern of its own.
  const isWhole = !/[{}]/.test(last) || /^[^{}]*(?:\{[^{}]*\}[^{}]*)*$/.test(last);
  const expression = isWhole && last !== '**' ? new Minimatch(last, OPTIONS).makeRe() : false;
  return {
    pattern,
    full: new Minimatch(pattern, OPTIONS),
    nameTest: expression ? (name) => expression.test(name) : () => true,
  };
}

function relativeTo(roots: readonly string[], pattern: string): string {
  const root = roots.find((folder) => pattern.toLowerCase().startsWith(`${folder.toLowerCase()}/`));
  return root === undefined ? pattern : pattern.slice(root.length + 1);
}

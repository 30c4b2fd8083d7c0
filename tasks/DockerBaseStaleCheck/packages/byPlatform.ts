import type { CheckedPackage } from './judgePackage';

/** What was found for one of the wanted platforms. */
export interface OfPlatform {
  platform: string;
  rows: readonly CheckedPackage[];
}

/**
 * The packages of all platforms. What is the same on each is there once; of what differs, or is not on all of them, there is a row for
 * each, which names its platform. Pure.
 */
export function joinPlatforms(all: readonly OfPlatform[]): CheckedPackage[] {
  const [only] = all;
  if (all.length === 1 && only) return [...only.rows];
  const groups = new Map<string, OfPlatform[]>();
  for (const { platform, rows } of all) {
    for (const row of rows) {
      const key = [row.manager, row.name, row.wanted, row.line].join(' ');
      groups.set(key, [...(groups.get(key) ?? []), { platform, rows: [row] }]);
    }
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
      .flatMap(({ rows }) => rows)
      .sort((a, b) => ((a.released ?? '') > (b.released ?? '') ? -1 : 1));
    if (first && isEverywhere(group, all) && group.every(({ rows }) => isSame(rows[0], first))) return [first];
    return group.flatMap(({ platform, rows }) =>
      rows.map((row) => ({ ...row, platform, reason: `${row.reason} (${platform})` })),
    );
  });
}

/** Of a package that is installed twice in one line each platform has two rows. */
function isEverywhere(group: readonly OfPlatform[], all: readonly OfPlatform[]): boolean {
  return all.every(({ platform }) => group.some((one) => one.platform === platform));
}

/** One version may be built for each platform at another time, which makes no difference. */
function isSame(left: CheckedPackage | undefined, right: CheckedPackage): boolean {
  const said = ({ locked, newest, verdict, source, reason }: CheckedPackage) =>
    JSON.stringify([locked, newest, verdict, source, newest === undefined ? reason : '']);
  return left !== undefined && said(left) === said(right);
}

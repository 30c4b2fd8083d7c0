import type { AzureDevOps, Place } from './azureDevOps';
import { Canceled, messageOf, UserError } from './errors';
import type { World } from './world';

/** Tags as the service takes them, each once. Throws `UserError` for one that it would cut in two or refuse. */
export function checkedTags(tags: readonly string[]): string[] {
  const wrong = tags.find((tag) => /[:,;]/.test(tag) || tag.length > 200);
  if (wrong !== undefined) {
    throw new UserError(
      `tags: '${wrong}' is no tag: it must not hold ':', ',' or ';' and is at most 200 letters long.`,
    );
  }
  return [...new Set(tags)];
}

/** Puts tags on a child that its creation could not give it. A refusal is one warning. */
export async function addTags(
  azureDevOps: AzureDevOps,
  { place, route, url }: { place: Place; route: Record<string, string | number>; url: string },
  { tags, world }: { tags: string[]; world: World },
): Promise<void> {
  if (!tags.length) return;
  try {
    await azureDevOps.call('POST', place, { route, body: tags, repeatable: true, attempts: 3, signal: world.signal });
  } catch (error) {
    if (error instanceof Canceled) return;
    world.log.warning(`The tags ${tags.join(', ')} could not be put on ${url}: ${messageOf(error)}`);
  }
}

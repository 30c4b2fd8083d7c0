import fs from 'node:fs';
import path from 'node:path';
import type { AzureDevOps, Place } from '../azureDevOps';
import { messageOf, UserError } from '../errors';
import { isOfDisk, unzip } from '../unzip';
import type { World } from '../world';
import { title, type Child } from './child';

const ARTIFACTS: Place = { area: 'build', id: '1db06c96-014e-44e1-ac91-90b2d4b3e984', name: 'artifacts of a run' };

/** An artifact of a run. https://learn.microsoft.com/rest/api/azure/devops/build/artifacts/list */
export interface Artifact {
  name: string;
  resource?: { type?: string; downloadUrl?: string };
}

/** The artifacts that a run has published so far, also one that failed. */
export async function listArtifacts(
  azureDevOps: AzureDevOps,
  { project, id }: Child,
  { signal }: World,
): Promise<Artifact[]> {
  const { value } = await azureDevOps.call<{ value?: Artifact[] } | undefined>('GET', ARTIFACTS, {
    route: { project, buildId: id },
    signal,
  });
  const artifacts = value?.value ?? [];
  if (artifacts.every(({ name }) => typeof name === 'string')) return artifacts;
  throw new UserError(`The service tells of an artifact of run ${id} without its name; try again.`);
}

/**
 * Downloads an artifact and unpacks it into a folder, byte by byte through a file: its size does not matter. Throws `UserError` for a
 * kind that has no content here, for an entry that would leave the folder, and for one whose size is not what the archive says.
 * @returns the files, relative to the folder, with `/`.
 */
export async function downloadArtifact(
  azureDevOps: AzureDevOps,
  { child, artifact, folder }: { child: Child; artifact: Artifact; folder: string },
  world: World,
): Promise<string[]> {
  const kind = artifact.resource?.type ?? '';
  if (kind !== 'PipelineArtifact' && kind !== 'Container') {
    throw new UserError(
      `The artifact '${artifact.name}' of ${title(child)} is of type '${kind}', which has no content to download. ${child.url}`,
    );
  }
  fs.mkdirSync(folder, { recursive: true });
  const zip = path.join(folder, `.pipeline-cascade-${child.id}.zip`);
  try {
    const { url, signed } =
      kind === 'Container'
        ? containerUrl(azureDevOps, child, artifact)
        : await signedUrl(azureDevOps, child, artifact, world);
    await azureDevOps.download(url, { file: zip, withCredentials: !signed, signal: world.signal });
    // The archive holds one folder with the artifact's name.
    return await unzip(zip, {
      folder,
      strip: artifact.name,
      name: `The artifact '${artifact.name}' of ${title(child)}`,
    });
  } catch (cause) {
    if (!isOfDisk(cause)) throw cause;
    throw new UserError(
      `The artifact '${artifact.name}' of ${title(child)} cannot be written to '${folder}': ${messageOf(cause)}.`,
      { cause },
    );
  } finally {
    fs.rmSync(zip, { force: true });
  }
}

function containerUrl(
  azureDevOps: AzureDevOps,
  { project, id }: Child,
  { name }: Artifact,
): { url: string; signed: boolean } {
  const query = `artifactName=${encodeURIComponent(name)}&$format=zip&api-version=7.0`;
  return {
    url: `${azureDevOps.account.url}${encodeURIComponent(project)}/_apis/build/builds/${id}/artifacts?${query}`,
    signed: false,
  };
}

/**
 * Pipeline artifacts lie on a host of their own. The service gives a signed address that needs no token, so none goes there.
 * https://learn.microsoft.com/rest/api/azure/devops/pipelines/artifacts/get
 */
async function signedUrl(
  azureDevOps: AzureDevOps,
  child: Child,
  { name }: Artifact,
  { signal }: World,
): Promise<{ url: string; signed: boolean }> {
  const path = `${encodeURIComponent(child.project)}/_apis/pipelines/${child.pipelineId ?? 0}/runs/${child.id}/artifacts`;
  const { value } = await azureDevOps.rest<{ signedContent?: { url?: string } }>('GET', path, {
    query: { artifactName: name, $expand: 'signedContent' },
    signal,
  });
  const url = value.signedContent?.url;
  if (!url)
    throw new UserError(
      `The service gives no address for the content of artifact '${name}' of ${title(child)}. ${child.url}`,
    );
  return { url, signed: true };
}

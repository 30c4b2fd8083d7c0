import { artifactsOf, attachmentsOf, type Artifact } from '../state/artifacts';
import { Refusal } from '../state/refusal';
import type { Run } from '../state/runs';
import { zipOf } from '../zip';
import { runOf } from './builds';
import { pipelineRun, signedUrl } from './pipelines';
import { location } from './resources';
import { idOf, listReply, projectOf, type Reply, type Route, type RouteCall } from './route';

const build = '{project}/_apis/build/builds/{buildId}';

export const artifactRoutes: Route[] = [
  { method: 'GET', template: `${build}/artifacts`, resource: location.buildArtifacts, handle: artifacts },
  { method: 'GET', template: `${build}/attachments/{type}`, resource: location.buildAttachments, handle: attachments },
  {
    method: 'GET',
    template: `${build}/{timelineId}/{recordId}/attachments/{type}/{name}`,
    resource: location.buildAttachment,
    handle: attachment,
  },
  {
    method: 'GET',
    template: '{project}/_apis/pipelines/{pipelineId}/runs/{runId}/artifacts',
    resource: location.pipelineArtifacts,
    handle: pipelineArtifact,
  },
  {
    method: 'GET',
    template: '{project}/_apis/artifact/{buildId}/{artifactName}/content',
    resource: location.artifactContent,
    handle: content,
  },
];

function artifactNamed(call: RouteCall, run: Run, name: string): Artifact {
  const found = artifactsOf(run, call.state.now).find((artifact) => artifact.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new Refusal(404, 'ArtifactNotFoundException', `Artifact ${name} not found for build ${run.id}.`);
}

/** All artifacts; with artifactName one; with `$format=zip` the content of one of type Container. */
function artifacts(call: RouteCall): Reply {
  const run = runOf(call);
  const name = call.query.get('artifactname');
  if (name === undefined)
    return listReply(artifactsOf(run, call.state.now).map((artifact) => artifactWire(call, run, artifact)));
  const artifact = artifactNamed(call, run, name);
  if (call.query.get('$format')?.toLowerCase() !== 'zip' && !call.accept.includes('application/zip')) {
    return { json: artifactWire(call, run, artifact) };
  }
  if (artifact.type !== 'Container') {
    throw new Refusal(
      400,
      'NotSupportedException',
      `Artifacts of type ${artifact.type} cannot be downloaded as a zip file.`,
    );
  }
  return zipReply(artifact);
}

function zipReply(artifact: Artifact): Reply {
  const files = Object.entries(artifact.files).map(([path, text]): [string, string] => [
    `${artifact.name}/${path}`,
    text,
  ]);
  return {
    bytes: zipOf(Object.fromEntries(files)),
    contentType: 'application/zip',
    headers: { 'content-disposition': `attachment; filename=${artifact.name}.zip` },
  };
}

function contentUrl(call: RouteCall, run: Run, artifact: Artifact): string {
  const own = `${call.base}${run.pipeline.project.id}/_apis`;
  const name = encodeURIComponent(artifact.name);
  if (artifact.type === 'Container')
    return `${own}/build/builds/${run.id}/artifacts?artifactName=${name}&api-version=7.1&%24format=zip`;
  return `${own}/artifact/${run.id}/${name}/content?format=zip`;
}

function artifactWire(call: RouteCall, run: Run, artifact: Artifact): object {
  const url = `${call.base}${run.pipeline.project.id}/_apis/build/builds/${run.id}/artifacts?artifactName=${encodeURIComponent(artifact.name)}&api-version=7.1`;
  const size = Object.values(artifact.files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const data = {
    PipelineArtifact: artifact.source.replaceAll('-', '').toUpperCase(),
    Container: `#/${artifact.id}/${artifact.name}`,
    FilePath: '\\\\share\\drop',
  };
  const downloadable = artifact.type !== 'FilePath';
  return {
    id: artifact.id,
    name: artifact.name,
    source: artifact.source,
    resource: {
      type: artifact.type,
      data: data[artifact.type],
      properties: { artifactsize: String(size) },
      url,
      ...(downloadable ? { downloadUrl: contentUrl(call, run, artifact) } : {}),
    },
  };
}

/** The blob store behind `downloadUrl`: a zip of all, or one file with `format=file&subPath=/…`. Not a published route. */
function content(call: RouteCall): Reply {
  const run = call.state.findRun(idOf(call, 'buildId'), projectOf(call));
  if (!run) throw new Refusal(404, 'ArtifactNotFoundException', 'The artifact could not be found.');
  const artifact = artifactNamed(call, run, call.params.artifactName ?? '');
  if (call.query.get('format') !== 'file') return zipReply(artifact);
  const path = (call.query.get('subpath') ?? '').replace(/^\//, '');
  const text = artifact.files[path];
  if (text === undefined) throw new Refusal(404, 'ItemNotFoundException', `The item ${path} could not be found.`);
  return { bytes: Buffer.from(text) };
}

function pipelineArtifact(call: RouteCall): Reply {
  const run = pipelineRun(call);
  const artifact = artifactNamed(call, run, call.query.get('artifactname') ?? '');
  const own = `${call.base}${run.pipeline.project.id}/_apis/pipelines/${run.pipeline.id}/runs/${run.id}`;
  const signed = call.query.get('$expand')?.toLowerCase() === 'signedcontent';
  return {
    json: {
      ...(signed ? { signedContent: signedUrl(call, contentUrl(call, run, artifact)) } : {}),
      url: `${own}/artifacts?artifactName=${encodeURIComponent(artifact.name)}`,
      name: artifact.name,
    },
  };
}

function attachments(call: RouteCall): Reply {
  const run = runOf(call);
  const type = call.params.type?.toLowerCase();
  const found = attachmentsOf(run, call.state.now).filter((candidate) => candidate.type.toLowerCase() === type);
  const own = `${call.base}${run.pipeline.project.id}/_apis/build/builds/${run.id}`;
  return listReply(
    found.map(({ timelineId, recordId, name, type: kind }) => ({
      _links: {
        self: {
          href: `${own}/${timelineId}/${recordId}/attachments/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`,
        },
      },
      name,
    })),
  );
}

function attachment(call: RouteCall): Reply {
  const run = runOf(call);
  const { type, name, recordId } = call.params;
  const found = attachmentsOf(run, call.state.now).find(
    (candidate) => candidate.type === type && candidate.name === name && candidate.recordId === recordId,
  );
  if (!found) throw new Refusal(404, 'AttachmentNotFoundException', `The attachment ${name ?? ''} could not be found.`);
  return { bytes: Buffer.from(found.content) };
}

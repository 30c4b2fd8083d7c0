import * as SDK from 'azure-devops-extension-sdk';
import { Rest } from '../reading/Rest';
import type { Root } from '../reading/Watch';

interface Shown {
  id?: number;
  project?: { name?: string };
}

/** What the pages of runs and releases hand to their tabs. Which of it a page has differs between versions of the product. */
interface TabConfiguration {
  onBuildChanged?: (tell: (build: Shown) => void) => void;
  onReleaseChanged?: (tell: (release: Shown) => void) => void;
  releaseId?: number;
  releaseEnvironment?: { releaseId?: number };
}

interface LocationService {
  getServiceLocation(): Promise<string>;
  getResourceAreaLocation(areaId: string): Promise<string>;
}

interface NavigationService {
  getQueryParams(): Promise<Record<string, string | undefined>>;
}

const RELEASE_AREA = 'efc2f575-36ef-48e9-b672-0c6fb4a48ac5';
const PATIENCE_MS = 5000;

export interface HostPage {
  root: Root;
  rest: Rest;
  /** The page tells when something was done to its run or release. */
  onChanged: (listener: () => void) => void;
}

/** The run or release of the page, and the viewer's way to the service; throws an Error for the viewer to read. */
export async function openHostPage(): Promise<HostPage> {
  const listeners: (() => void)[] = [];
  const locations = await SDK.getService<LocationService & object>('ms.vss-features.location-service');
  const core = slashed(await locations.getServiceLocation());
  const release = slashed(await locations.getResourceAreaLocation(RELEASE_AREA).catch(() => core));
  const kind = SDK.getContributionId().includes('release') ? 'release' : 'run';
  const shown = await shownOn(kind, () => listeners.forEach((listener) => listener()));
  const project = shown.project?.name ?? (SDK.getWebContext() as { project?: { name?: string } }).project?.name;
  if (!shown.id || !project) throw new Error(`The page does not say which ${kind} it shows. Reload it.`);
  const rest = new Rest({
    token: () => SDK.getAccessToken(),
    core,
    release,
    fetch: (input, init) => window.fetch(input, init),
  });
  return {
    root: { organization: core, project, kind, id: shown.id },
    rest,
    onChanged: (listener) => void listeners.push(listener),
  };
}

async function shownOn(kind: Root['kind'], changed: () => void): Promise<Shown> {
  const { onBuildChanged, onReleaseChanged, releaseId, releaseEnvironment } =
    SDK.getConfiguration() as TabConfiguration;
  const subscribe = kind === 'run' ? onBuildChanged : onReleaseChanged;
  const told =
    subscribe &&
    new Promise<Shown>((resolve) =>
      subscribe((shown) => {
        resolve(shown);
        changed();
      }),
    );
  const id = releaseId ?? releaseEnvironment?.releaseId;
  if (kind === 'release' && id) return { id };
  return (told && (await within(PATIENCE_MS, told))) ?? (await fromAddress(kind));
}

/** The address of the page names its run or release as well. */
async function fromAddress(kind: Root['kind']): Promise<Shown> {
  const navigation = await SDK.getService<NavigationService & object>('ms.vss-features.host-navigation-service');
  const query = await navigation.getQueryParams();
  return { id: Number(query[kind === 'run' ? 'buildId' : 'releaseId'] ?? 0) };
}

function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  return Promise.race([promise, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms))]);
}

function slashed(url: string): string {
  return `${url.replace(/\/+$/, '')}/`;
}

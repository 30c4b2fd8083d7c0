import type { Dockerfile } from '../dockerfile/readDockerfile';
import { configOf, platformImages } from '../judge/baseImages';
import { parseReference, type ImageReference } from '../reference';
import type { ImageConfig } from '../registry/manifest';
import type { Registries } from '../registry/Registries';
import { RegistryRefusal } from '../registry/refusal';
import {
  bioconductorOfConfig,
  bioconductorOfTag,
  pythonOfConfig,
  pythonOfTag,
  releaseOfConfig,
  releaseOfTag,
  type ImagePython,
} from './imageRelease';
import type { TargetImage } from './NewestVersions';

/** Bioconductor's current release, by its own name for it. */
const CURRENT = 'release';

/** The images of elsewhere that the stages of a Dockerfile stand on, for one platform: by their tags, and where these do not tell by their configurations. */
export class TargetImages {
  private readonly images = new Map<number, TargetImage & { fullPython: () => Promise<ImagePython | undefined> }>();

  constructor(
    private readonly dockerfile: Dockerfile,
    private readonly platform: string | undefined,
    private readonly registries: Registries,
  ) {}

  /** By the number of the stage. */
  of(stage: number): TargetImage {
    return this.find(stage);
  }

  /** The Python of a stage's image, for which its configuration may have to be asked. */
  async python(stage: number): Promise<ImagePython | undefined> {
    return this.find(stage).fullPython();
  }

  private find(stage: number) {
    const known = this.images.get(stage) ?? this.make(stage);
    this.images.set(stage, known);
    return known;
  }

  private make(stage: number) {
    const { stages } = this.dockerfile;
    let root = stages[stage];
    while (root?.base.kind === 'stage') root = stages[root.base.stage];
    const parsed = root?.base.kind === 'image' ? parseReference(root.base.image) : undefined;
    const image = parsed && !('error' in parsed) ? parsed : undefined;
    const platform = root?.platform ?? this.platform;
    let asked: Promise<ImageConfig | undefined> | undefined;
    const config = () => (asked ??= image ? this.config(image, platform) : Promise.resolve(undefined));
    const python = image && pythonOfTag(image);
    return {
      ...{ platform, python },
      release: async () => {
        const named = image ? releaseOfTag(image) : {};
        if (named.release !== undefined) return named;
        const found = await config();
        return found ? releaseOfConfig(found) : {};
      },
      bioconductor: async () => {
        const named = image && bioconductorOfTag(image);
        if (named !== undefined) return named;
        const found = await config();
        return (found && bioconductorOfConfig(found)) ?? CURRENT;
      },
      fullPython: async () => {
        if (python?.full !== undefined) return python;
        const found = await config();
        return (found && pythonOfConfig(found)) ?? python;
      },
    };
  }

  private async config(image: ImageReference, platform: string | undefined): Promise<ImageConfig | undefined> {
    try {
      const [first] = await platformImages(this.registries, image, platform === undefined ? [] : [platform]);
      return first && (await configOf(this.registries, image, first.digest));
    } catch (error) {
      if (error instanceof RegistryRefusal) return undefined;
      throw error;
    }
  }
}

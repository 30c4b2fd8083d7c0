import type { RegistrationWay } from './agentHost';
import type { Config } from './config';

/** The repository that agents/image is pushed under; a tag, a digest and any registry may stand around it. */
const ownImage = /(^|\/)pipeline-cascade-agent([:@][^/]*)?$/;

/**
 * How agents register: as configured, and with `auto` by key where every image is ours, for only its entry point finds the registration;
 * any other image runs `config.sh` with a token.
 */
export function registrationWay(registration: Config['registration'], images: readonly string[]): RegistrationWay {
  if (registration !== 'auto') return registration;
  return images.length > 0 && images.every((image) => ownImage.test(image)) ? 'key' : 'token';
}

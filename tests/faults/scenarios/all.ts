import type { Scenario } from '../scenario';
import { signIn } from './signIn';
import { staleCheck } from './staleCheck';
import { triggerPipeline } from './triggerPipeline';
import { triggerRelease } from './triggerRelease';

/** Every scenario of the campaign. */
export const scenarios: Scenario[] = [...triggerPipeline, ...triggerRelease, ...staleCheck, ...signIn];

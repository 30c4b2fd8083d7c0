import type { Scenario } from '../scenario';
import { staleCheck } from './staleCheck';
import { triggerPipeline } from './triggerPipeline';
import { triggerRelease } from './triggerRelease';

/** Every scenario of the campaign. */
export const scenarios: Scenario[] = [...triggerPipeline, ...triggerRelease, ...staleCheck];

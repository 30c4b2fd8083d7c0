import type { Scenario } from '../scenario';
import { triggerPipeline } from './triggerPipeline';

/** Every scenario of the campaign. */
export const scenarios: Scenario[] = [...triggerPipeline];

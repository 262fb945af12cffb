/** All indicators of behaviour, by theme. */
import { content } from './content.ts';
import { conversation } from './conversation.ts';
import type { Indicator } from './indicator.ts';
import { novelty } from './novelty.ts';
import { outcomes } from './outcomes.ts';
import { place } from './place.ts';
import { probing } from './probing.ts';
import { rate } from './rate.ts';
import { tools } from './tools.ts';
import { volume } from './volume.ts';

export const THEMES: Record<string, Indicator[]> = { volume, rate, place, novelty, tools, outcomes, content, probing, conversation };

export const indicators: Indicator[] = Object.values(THEMES).flat();

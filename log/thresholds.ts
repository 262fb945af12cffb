/**
 * Thresholds of one organisation: from which risk on a gateway blocks its traffic, and from which on the stream raises threats of
 * it. A control, so that every process obeys within a second. One that says nothing which can be obeyed is told of once, and
 * the settings hold in its place: no value in the log can switch a guard off.
 */
import type { Logger } from '../core/logger.ts';
import type { Control } from '../schemas/types.ts';
import type { Controls } from './controls.ts';

export const THRESHOLDS = 'thresholds';
/** The one thing that they are of so far. */
const RISK = 'risk';
const EVERYBODY = '*';

/** Risks, 1 to 100; to alert is never harder than to block. */
export interface Thresholds {
  alert: number;
  block: number;
}

export interface ThresholdFacts {
  org: string;
  actor: string;
  /** Microseconds since 1970. */
  issuedAt: number;
  /** Null takes them back. */
  thresholds: Thresholds | null;
}

export function thresholdsControl({ org, actor, issuedAt, thresholds }: ThresholdFacts): Control {
  const value = thresholds && JSON.stringify({ alert: thresholds.alert, block: thresholds.block });
  return { org, kind: THRESHOLDS, key: RISK, issuedAt, actor, value };
}

/** Undefined when they are none that can be obeyed. */
export function thresholdsOf({ org, key, value }: Pick<Control, 'org' | 'key' | 'value'>): Thresholds | undefined {
  if (value === null || org === EVERYBODY || key !== RISK) return undefined;
  try {
    const { alert, block } = JSON.parse(value) as Record<string, unknown>;
    return isRisk(alert) && isRisk(block) && alert <= block ? { alert, block } : undefined;
  } catch {
    return undefined;
  }
}

function isRisk(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100;
}

export interface OrgThresholds {
  /** Obeys what holds now and whatever is said from now on. */
  follow(controls: Pick<Controls, 'list' | 'onChange'>): void;
  /** Undefined where the settings hold. */
  of(org: string): Thresholds | undefined;
}

export function createOrgThresholds(logger: Logger): OrgThresholds {
  const toldOf = new Set<string>();
  let held = new Map<string, Thresholds>();
  return {
    follow(controls) {
      const obey = () => {
        const next = new Map<string, Thresholds>();
        for (const control of controls.list(THRESHOLDS)) {
          const { org, key, actor, issuedAt } = control;
          const thresholds = thresholdsOf(control);
          const name = `${org}/${key} ${issuedAt}`;
          if (thresholds) next.set(org, thresholds);
          else if (!toldOf.has(name)) {
            toldOf.add(name);
            logger.error({ org, key, actor }, 'thresholds cannot be read, and are not obeyed; the settings hold');
          }
        }
        held = next;
      };
      controls.onChange(obey);
      obey();
    },
    of: (org) => held.get(org),
  };
}

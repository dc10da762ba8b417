import {
  COMPATIBLE_QUIRKS,
  type CorruptionContext,
  type CorruptionName,
  PARAMETERS,
  type ParameterSet,
  type Quirks,
  type Severity,
} from '../../src/corrupt/index.ts';
import type { Image } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';

/** What `corrupt` hands to one corruption. */
export function contextFor<N extends CorruptionName>(
  name: N,
  set: ParameterSet,
  severity: number,
  extra: { quirks?: Partial<Quirks>; frost?: readonly Image[]; key?: number } = {},
): CorruptionContext<N> {
  return {
    set,
    severity: severity as Severity,
    parameters: PARAMETERS[set][name][severity - 1] as CorruptionContext<N>['parameters'],
    random: randomStream('test', name, extra.key ?? 0),
    quirks: { ...COMPATIBLE_QUIRKS, ...extra.quirks },
    frost: extra.frost,
  };
}

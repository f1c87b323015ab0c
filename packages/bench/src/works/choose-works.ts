// Which works a command line means on an adapter.
import { UsageError } from '@foreword/cli-kit';
import type { AdapterSummary } from '@foreword/tensor/node';
import { workGroups, works, worksWith, type Work } from './index.ts';

/** Names that --only takes: groups, and works whose group holds more than them. */
export const workNames: readonly string[] = [...new Set([...workGroups, ...works.map(({ id }) => id)])];

/** Works that a software adapter does only where they are asked for by these names. */
export const heavyNames: readonly string[] = works.filter(({ heavy }) => heavy).map(({ id }) => id);

export interface ChooseWorksOptions {
  /** Undefined for all. */
  names?: readonly string[];
  adapter: Pick<AdapterSummary, 'kind' | 'f16'>;
  clipcapBatch?: number;
}

/** @throws UsageError when this adapter is left with nothing to do */
export function chooseWorks({ names, adapter, clipcapBatch }: ChooseWorksOptions): Work[] {
  const chosen = worksWith({ clipcapBatch }).filter(({ group, heavy, f16 }, i) => {
    // A name is that of the usual batch.
    const isNamed = names?.includes(works[i].id) ?? false;
    const isChosen = names === undefined || isNamed || names.includes(group);
    const isBearable = !heavy || adapter.kind === 'gpu' || isNamed;
    return isChosen && isBearable && (!f16 || adapter.f16);
  });
  if (chosen.length === 0)
    throw new UsageError('--only: this adapter can do, or bears, nothing of that', {
      cure: `a software adapter does these only by name: ${heavyNames.join(', ')}; f16 needs shader-f16`,
    });
  return chosen;
}

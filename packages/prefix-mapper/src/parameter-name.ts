// How checkpoints spell a mapper's parameters.

/** What ClipCap's checkpoints put before a mapper's names. */
export const clipProjectPrefix = 'clip_project.';

const own =
  /^((model|reparameterisation)\.[02]\.|transformer\.layers\.\d+\.|linear\.|patches\.|prefix_const$|(weight|bias)$)/;

/**
 * A mapper's parameter without its wrappings (`module.` of DataParallel, `clip_project.`); undefined for names of
 * other models.
 */
export function parameterName(name: string): string | undefined {
  const inner = name.replace(/^module\./, '');
  const bare = inner.startsWith(clipProjectPrefix) ? inner.slice(clipProjectPrefix.length) : inner;
  return own.test(bare) ? bare : undefined;
}

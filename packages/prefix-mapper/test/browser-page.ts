// What the browser test calls inside the page: a captioner from names, captioning one picture's feature.
import { openDevice } from '@foreword/tensor';
import { loadCaptioner, type CaptionerNames, type NamedCaptionerOptions } from '../src/index.ts';

export interface PageCaption {
  ids: number[];
  text: string;
  /** Bytes that came over the network. */
  fetchedBytes: number;
}

async function caption(
  names: CaptionerNames,
  feature: number[],
  options: NamedCaptionerOptions & { maxTokens: number },
): Promise<PageCaption> {
  const { maxTokens, ...loading } = options;
  const fetched = new Map<string, number>();
  const device = await openDevice();
  const captioner = await loadCaptioner(device, names, {
    ...loading,
    progress: ({ file, loaded }) => fetched.set(file, loaded),
  });
  const [{ ids, text }] = await captioner.captionFeatures([Float32Array.from(feature)], { maxTokens });
  captioner.dispose();
  const errors = device.takeErrors();
  if (errors.length > 0) throw errors[0];
  device.close();
  return { ids, text, fetchedBytes: [...fetched.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

Object.assign(globalThis, { caption });
document.body.dataset.state = 'ready';

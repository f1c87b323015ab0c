// Progress of downloads on stderr: a bar per file that is large enough to wait for.
import { ProgressBar } from '@foreword/cli-kit';
import type { DownloadProgress } from '@foreword/hub/node';

/** Smaller files come and go without a line. */
const shownFromBytes = 2e6;

export interface DownloadBar {
  /** For the option `progress` of the hub's calls. */
  progress: (progress: DownloadProgress) => void;
  /** Ends the last line. */
  finish(): void;
}

export function downloadBar(): DownloadBar {
  let bar: { file: string; shown: ProgressBar } | undefined;
  const finish = (): void => {
    bar?.shown.finish();
    bar = undefined;
  };
  return {
    finish,
    progress({ file, loaded, total }) {
      if (total !== undefined && total < shownFromBytes) return;
      if (bar?.file !== file) {
        finish();
        const options = { label: file, unit: 'MB', total: total && mega(total), start: mega(loaded) };
        bar = { file, shown: new ProgressBar(options) };
      }
      bar.shown.update(mega(loaded));
    },
  };
}

const mega = (bytes: number): number => Math.round(bytes / 1e6);

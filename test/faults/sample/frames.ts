import type { Page } from 'playwright-core';

/** How long the frames of a page took, in milliseconds. */
export interface Frames {
  /** From each frame to the next one. */
  readonly gaps: number[];
  /** What the browser calls a long frame: over 50 ms. */
  readonly long: number[];
}

/** What runs in the page. */
interface Recording {
  frames?: Frames & { isOn: boolean };
}

export async function recordFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const frames = { gaps: [] as number[], long: [] as number[], isOn: true };
    (globalThis as Recording).frames = frames;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) frames.long.push(duration);
    }).observe({ type: 'long-animation-frame' } as never);
    const request = (globalThis as unknown as { requestAnimationFrame: (call: (at: number) => void) => void })
      .requestAnimationFrame;
    let last: number | undefined;
    const frame = (at: number) => {
      if (last !== undefined) frames.gaps.push(at - last);
      last = at;
      if (frames.isOn) request(frame);
    };
    request(frame);
  });
}

export function takeFrames(page: Page): Promise<Frames> {
  return page.evaluate(() => {
    const { frames } = globalThis as Recording;
    if (frames === undefined) throw new Error('Nothing was recorded.');
    frames.isOn = false;
    return { gaps: frames.gaps, long: frames.long };
  });
}

/** The long frames since the page was opened. */
export function longFrames(page: Page): Promise<number[]> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const none = setTimeout(() => resolve([]), 500);
        new PerformanceObserver((list) => {
          clearTimeout(none);
          resolve(list.getEntries().map(({ duration }) => duration));
        }).observe({ type: 'long-animation-frame', buffered: true } as never);
      }),
  );
}

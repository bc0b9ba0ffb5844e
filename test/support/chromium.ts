import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { installDebianPackage } from './debian-package.js';

const executablePath = '/usr/bin/chromium';

/** Looks for Debian's Chromium, and installs it where it is missing. @returns why there is none; `undefined` if there is one */
export function findChromium(): string | undefined {
  if (existsSync(executablePath)) return undefined;
  return installDebianPackage('chromium');
}

/** Starts it without a window, and with a profile that is removed at its end. It asks nothing of the internet. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

import type { Locator, Page } from 'playwright-core';

/** The control room as its user sees it. */
export class ControlRoomPage {
  constructor(readonly page: Page) {}

  /** Resolves when it shows the present state. */
  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.isLive();
    // What changes before its first frame does not light up.
    await this.page.evaluate(
      'new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))',
    );
  }

  isLive(): Promise<void> {
    return this.page.locator('#state[data-state=live]').waitFor();
  }

  section(name: string): Locator {
    return this.page.getByRole('region', { name, exact: true });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name });
  }

  /** The row of a key, without the rows below it. */
  row(name: string): Locator {
    return this.page.locator('.row', { has: this.page.getByText(name, { exact: true }) });
  }

  /** What the section of the leader calls it. */
  leader(): Promise<string | null> {
    return this.page.locator('#leader').textContent();
  }

  /** Waits until the page says a text. */
  async says(text: string | RegExp, timeout = 10_000): Promise<void> {
    await this.page.getByText(text).first().waitFor({ timeout });
  }
}

/** Clearings in the background that whoever does the same again has to wait for. */
export class Removals {
  readonly #pending = new Map<string, Promise<void>>();

  /** @param removal never rejects */
  begin(place: string, removal: Promise<void>): void {
    const pending = removal.finally(() => {
      if (this.#pending.get(place) === pending) this.#pending.delete(place);
    });
    this.#pending.set(place, pending);
  }

  /** Resolves when nothing is cleared away in a place. */
  async of(place: string): Promise<void> {
    await this.#pending.get(place);
  }
}

/** The value of `Date`, which is written once a second. */
export class HttpDate {
  #second = -1;
  #text = '';

  now(): string {
    const now = Date.now();
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(now).toUTCString();
    }
    return this.#text;
  }
}

/** What is held by somebody else, for as long as it is. */
export class WeakList<T extends object> implements Iterable<T> {
  readonly #references = new Set<WeakRef<T>>();
  readonly #gone = new FinalizationRegistry<WeakRef<T>>((reference) => this.#references.delete(reference));

  add(item: T): void {
    const reference = new WeakRef(item);
    this.#references.add(reference);
    this.#gone.register(item, reference);
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const reference of this.#references) {
      const item = reference.deref();
      if (item !== undefined) yield item;
    }
  }
}

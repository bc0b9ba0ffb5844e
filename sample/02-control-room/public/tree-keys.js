/** One key of the tree, and where it is shown. */
export class KeyNode {
  /** Sorted by name. */
  children = [];
  state;
  isOpen;
  /** While it is shown: its list item, and the parts of it that change. */
  view;

  constructor(key, parent) {
    this.key = key;
    this.parent = parent;
    this.name = key.slice(key.lastIndexOf('/') + 1);
    this.level = parent === undefined ? 0 : parent.level + 1;
    // The first levels are open from the beginning.
    this.isOpen = this.level <= 2;
  }

  get isDirectory() {
    return this.state?.isDirectory === true;
  }

  /** The nearest one above that is shown, or itself. */
  get shown() {
    return this.view !== undefined || this.parent === undefined ? this : this.parent.shown;
  }
}

function placeOf(siblings, name) {
  let [low, high] = [0, siblings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (siblings[middle].name < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The keys as they lie below one another. */
export class TreeKeys {
  root = new KeyNode('', undefined);
  byKey = new Map();

  get size() {
    return this.byKey.size;
  }

  /** The node of a key, which is made with those above it where it is new. */
  ensure(key) {
    if (key === '') return this.root;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const parent = this.ensure(key.slice(0, key.lastIndexOf('/')));
    const node = new KeyNode(key, parent);
    parent.children.splice(placeOf(parent.children, node.name), 0, node);
    this.byKey.set(key, node);
    return node;
  }

  /** Takes a node out with everything below it. */
  remove(node) {
    node.parent.children.splice(placeOf(node.parent.children, node.name), 1);
    const gone = [node];
    for (let each = gone.pop(); each !== undefined; each = gone.pop()) {
      this.byKey.delete(each.key);
      gone.push(...each.children);
    }
  }

  /** The sibling before a node, or behind it. */
  sibling(node, step) {
    const { children } = node.parent;
    return children[placeOf(children, node.name) + step];
  }

  /** What lies below a node in the list as it is shown. */
  next(node) {
    if (node.isOpen && node.children.length > 0) return node.children[0];
    for (let each = node; each.parent !== undefined; each = each.parent) {
      const sibling = this.sibling(each, 1);
      if (sibling !== undefined) return sibling;
    }
    return undefined;
  }

  /** What lies above a node in the list as it is shown. */
  previous(node) {
    const before = this.sibling(node, -1);
    if (before === undefined) return node.parent === this.root ? undefined : node.parent;
    return this.lastOf(before);
  }

  lastOf(node) {
    let last = node;
    while (last.isOpen && last.children.length > 0) last = last.children.at(-1);
    return last;
  }
}

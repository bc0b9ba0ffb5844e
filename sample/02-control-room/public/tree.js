import { element, setText } from './dom.js';
import { TreeKeys } from './tree-keys.js';

/** Milliseconds of a frame for this tree: what is left waits for the next frame. */
const budget = 6;

/** The tree of keys on the page. Only what has changed is touched, a part in each frame. */
export class Tree {
  keys = new TreeKeys();
  /** What was told and is not shown yet, by key: its state, or `null` when it is gone. */
  waiting = new Map();
  /** Nodes to be shown anew. */
  stale = new Set();
  frame;
  selected;
  /** Whether the first state has been shown: from then on, changes light up. */
  isFilled = false;
  ids = 0;

  constructor(list, handlers) {
    this.list = list;
    this.handlers = handlers;
    list.addEventListener('click', (event) => this.#onClick(event));
    list.addEventListener('dblclick', () => handlers.onEdit());
    list.addEventListener('keydown', (event) => this.#onKey(event));
  }

  patch(entries) {
    for (const [key, state] of entries) {
      // Behind what has come before it.
      this.waiting.delete(key);
      this.waiting.set(key, state);
    }
    this.#schedule();
  }

  /** Goes over to a whole state. What has stayed as it is does not light up. */
  replace(entries) {
    const present = new Map(entries);
    this.waiting.clear();
    const gone = [...this.keys.byKey.keys()].filter((key) => !present.has(key));
    const changed = entries.filter(([key, state]) => !isSame(this.keys.byKey.get(key)?.state, state));
    this.patch([...gone.map((key) => [key, null]), ...changed]);
  }

  focus() {
    this.selected?.view?.item.focus();
  }

  #schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.#work(performance.now() + budget);
      if (this.waiting.size + this.stale.size > 0) this.#schedule();
      else this.isFilled = true;
    });
  }

  #work(end) {
    for (const [key, state] of this.waiting) {
      this.waiting.delete(key);
      if (state === null) this.#remove(key);
      else this.#set(key, state);
      if (performance.now() > end) break;
    }
    for (const node of this.stale) {
      this.stale.delete(node);
      this.#show(node);
      if (performance.now() > end) break;
    }
    this.handlers.onCount(this.keys.size);
    // Something in the list must be reachable by Tab.
    const first = this.keys.root.children[0]?.view;
    if (first !== undefined && this.list.querySelector('[tabindex="0"]') === null) first.item.tabIndex = 0;
  }

  #set(key, state) {
    const node = this.keys.ensure(key);
    node.state = state;
    this.#show(node);
    if (this.isFilled) light(node.shown);
    if (node === this.selected) this.handlers.onChange(node);
  }

  #remove(key) {
    const node = this.keys.byKey.get(key);
    if (node === undefined) return;
    const wasSelected = this.selected !== undefined && `${this.selected.key}/`.startsWith(`${key}/`);
    const next = wasSelected ? (this.keys.sibling(node, 1) ?? this.keys.previous(node)) : undefined;
    const hadFocus = wasSelected && this.list.contains(document.activeElement);
    this.keys.remove(node);
    node.view?.item.remove();
    if (this.isFilled) light(node.parent.shown);
    if (!wasSelected) return;
    this.selected = undefined;
    this.handlers.onSelect(undefined);
    if (next !== undefined) this.#select(next, { isFocused: hadFocus, isTold: false });
  }

  /** Shows a node as it is now, if the one above it is open. */
  #show(node) {
    if (this.keys.byKey.get(node.key) !== node || !this.#isInOpen(node)) return;
    const { parent } = node;
    if (parent.view === undefined && parent !== this.keys.root) {
      this.#show(parent);
      return;
    }
    if (node.view === undefined) this.#insert(node);
    const { item, value } = node.view;
    const { state = {}, isDirectory, isOpen } = node;
    if (isDirectory || node.children.length > 0) {
      item.setAttribute('aria-expanded', String(isOpen));
      for (const child of isOpen ? node.children : []) if (child.view === undefined) this.#postpone(child);
    } else item.removeAttribute('aria-expanded');
    setText(value, isDirectory ? '' : (state.value ?? ''));
    item.classList.toggle('expires', state.expires === true);
  }

  #postpone(node) {
    this.stale.add(node);
    this.#schedule();
  }

  #isInOpen({ parent }) {
    return parent === this.keys.root || (parent.isOpen && this.#isInOpen(parent));
  }

  #insert(node) {
    const id = `key-${++this.ids}`;
    const value = element('span', { class: 'value' });
    const row = element('div', { class: 'row', id }, element('span', { class: 'name' }, node.name), value);
    row.style.setProperty('--level', String(node.level - 1));
    const item = element(
      'li',
      {
        role: 'treeitem',
        tabindex: '-1',
        'aria-labelledby': id,
        'aria-level': String(node.level),
        'aria-selected': 'false',
      },
      row,
    );
    item.keyNode = node;
    node.view = { item, row, value, group: undefined };
    let before = this.keys.sibling(node, -1);
    while (before !== undefined && before.view === undefined) before = this.keys.sibling(before, -1);
    if (before === undefined) this.#groupOf(node.parent).prepend(item);
    else before.view.item.after(item);
  }

  #groupOf(node) {
    if (node === this.keys.root) return this.list;
    const { view } = node;
    if (view.group === undefined) {
      view.group = element('ul', { role: 'group' });
      view.item.append(view.group);
    }
    return view.group;
  }

  #toggle(node, isOpen) {
    if (node.children.length === 0 || node.isOpen === isOpen) return;
    node.isOpen = isOpen;
    if (!isOpen) {
      node.view.group?.remove();
      node.view.group = undefined;
      forget(node);
      if (this.selected !== undefined && this.selected.key.startsWith(`${node.key}/`)) this.#select(node, {});
    }
    this.#show(node);
  }

  #select(node, { isFocused = true, isTold = true }) {
    for (const item of this.list.querySelectorAll('[tabindex="0"]')) item.tabIndex = -1;
    this.selected?.view?.item.setAttribute('aria-selected', 'false');
    this.selected = isTold ? node : undefined;
    const { item, row } = node.view ?? this.#shownAtOnce(node);
    item.tabIndex = 0;
    if (isFocused) {
      item.focus({ preventScroll: true });
      row.scrollIntoView({ block: 'nearest' });
    }
    if (!isTold) return;
    item.setAttribute('aria-selected', 'true');
    this.handlers.onSelect(node);
  }

  #shownAtOnce(node) {
    this.#show(node);
    return node.view;
  }

  #onClick({ target }) {
    const node = target.closest('[role=treeitem]')?.keyNode;
    if (node === undefined) return;
    this.#select(node, {});
    if (node.isDirectory) this.#toggle(node, !node.isOpen);
  }

  #onKey(event) {
    const node = event.target.closest('[role=treeitem]')?.keyNode;
    if (node === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { keys } = this;
    const to = (other) => other !== undefined && this.#select(other, {});
    const acts = {
      ArrowDown: () => to(keys.next(node)),
      ArrowUp: () => to(keys.previous(node)),
      Home: () => to(keys.root.children[0]),
      End: () => to(keys.lastOf(keys.root.children.at(-1))),
      ArrowRight: () =>
        node.isOpen && node.children.length > 0 ? to(node.children[0]) : this.#toggle(node, true),
      ArrowLeft: () => {
        if (node.isOpen && node.children.length > 0) this.#toggle(node, false);
        else if (node.parent !== keys.root) to(node.parent);
      },
      Enter: () => {
        this.#select(node, {});
        if (node.isDirectory) this.#toggle(node, !node.isOpen);
        else this.handlers.onEdit();
      },
      ' ': () => this.#select(node, {}),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }
}

/** The index of a directory is not told each time. */
function isSame(known, { isDirectory, index, value }) {
  if (known === undefined) return false;
  return isDirectory ? known.isDirectory : known.index === index && known.value === value;
}

/** What is no longer shown is made anew when it is shown again. */
function forget(node) {
  for (const child of node.children) {
    if (child.view === undefined) continue;
    child.view = undefined;
    forget(child);
  }
}

/** Lets a row light up. One of two equal animations begins anew where the other one has run. */
function light({ view }) {
  if (view !== undefined) view.row.dataset.lit = view.row.dataset.lit === 'a' ? 'b' : 'a';
}

import { byId, send, setText } from './dom.js';

/** Shows the selected key, and lets its value be edited. */
export class Editor {
  node;
  /** The value that the edit began with; the application refuses to overwrite another one. */
  seen = '';
  field = byId('edited-value');
  note = byId('edited-note');

  constructor({ onLeave }) {
    byId('editor').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#save();
    });
    byId('revert').addEventListener('click', () => this.show(this.node));
    this.field.addEventListener('input', () => this.#showButtons());
    this.field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') onLeave();
      else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void this.#save();
      else return;
      event.preventDefault();
    });
  }

  show(node) {
    this.node = node;
    setText(byId('edited-key'), node?.key ?? 'No key is selected');
    setText(this.note, node === undefined ? 'Select a key to edit it.' : noteOf(node));
    this.#load();
  }

  /** The shown key has another value. */
  refresh(node) {
    if (this.#isEdited) {
      setText(this.note, `It has changed meanwhile to: ${node.state.value ?? 'a directory'}`);
      setText(byId('edited-fact'), factOf(node));
    } else this.#load();
  }

  focus() {
    if (this.field.disabled) return;
    this.field.focus();
    this.field.select();
  }

  get #isEdited() {
    return !this.field.disabled && this.field.value !== this.seen;
  }

  #load() {
    const { state = {} } = this.node ?? {};
    this.seen = state.value ?? '';
    this.field.value = this.seen;
    this.field.disabled = state.value === undefined || state.isCut === true;
    setText(byId('edited-fact'), this.node === undefined ? '' : factOf(this.node));
    this.#showButtons();
  }

  #showButtons() {
    for (const id of ['save', 'revert']) byId(id).disabled = !this.#isEdited;
  }

  async #save() {
    const { node, seen } = this;
    const { value } = this.field;
    if (node === undefined || !this.#isEdited) return;
    try {
      await send('PUT', '/keys', { key: node.key, value, seen });
      if (this.node !== node) return;
      this.seen = value;
      setText(this.note, 'Saved.');
    } catch (error) {
      setText(this.note, error.message);
    }
    this.#showButtons();
  }
}

function noteOf({ state = {}, isDirectory }) {
  if (isDirectory) return 'A directory has no value.';
  if (state.isCut) return 'The value is too long to be edited here.';
  return 'Ctrl+Enter saves, Escape goes back.';
}

function factOf({ state = {}, isDirectory, children }) {
  if (isDirectory) return children.length === 1 ? '1 child' : `${children.length} children`;
  return `index ${state.index}${state.expires ? ', expires' : ''}`;
}

import { Chart } from './chart.js';
import { byId, notify, send, setText } from './dom.js';
import { Editor } from './editor.js';
import { Panels } from './panels.js';
import { Tree } from './tree.js';

const tree = new Tree(byId('tree'), {
  onSelect: (node) => editor.show(node),
  onEdit: () => editor.focus(),
  onChange: (node) => editor.refresh(node),
  onCount: (count) => {
    setText(byId('key-count'), count.toLocaleString('en'));
    byId('tree-empty').hidden = count > 0;
  },
});
const editor = new Editor({ onLeave: () => tree.focus() });
const panels = new Panels();
const events = new Chart(byId('events'), byId('events-now'), { format: String });
const latency = new Chart(byId('latency'), byId('latency-now'), {
  format: (value) => `${value.toFixed(1)} ms`,
  isLogarithmic: true,
});

/** What has come since the last frame, each part in its last form. */
let waiting = {};
let frame;

function receive({ keys, samples, ...parts }, isSnapshot) {
  if (isSnapshot) tree.replace(keys);
  else tree.patch(keys);
  for (const chart of [events, latency]) if (isSnapshot) chart.clear();
  events.add(samples.map((sample) => sample.events));
  latency.add(samples.map((sample) => sample.latency));
  Object.assign(waiting, parts);
  frame ??= requestAnimationFrame(() => {
    frame = undefined;
    panels.update(waiting);
    waiting = {};
  });
}

function showState(state, text) {
  const shown = byId('state');
  shown.dataset.state = state;
  setText(shown, text);
}

function follow() {
  const source = new EventSource('/live');
  source.addEventListener('snapshot', ({ data }) => {
    receive(JSON.parse(data), true);
    showState('live', 'Live');
  });
  source.addEventListener('delta', ({ data }) => receive(JSON.parse(data), false));
  source.addEventListener('error', () => {
    showState('lost', 'Reconnecting');
    // After some answers the browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 1_000);
  });
}

function onPress(id, act) {
  byId(id).addEventListener('click', () => act().catch((error) => notify(error.message)));
}

onPress('demo', () => send('PUT', '/demo', { isOn: byId('demo').getAttribute('aria-pressed') !== 'true' }));
for (const act of ['resign', 'kill'])
  onPress(act, async () => {
    const begin = performance.now();
    panels.explain(await send('POST', `/leader/${act}`), act, begin);
  });
onPress('start', () => send('POST', '/replicas'));
byId('hold').addEventListener('submit', (event) => {
  event.preventDefault();
  send('POST', '/locks', { name: byId('lock-name').value }).catch((error) => notify(error.message));
});

follow();

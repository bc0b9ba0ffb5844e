import { byId, element, linkTo, setText } from './dom.js';

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const mostHandOvers = 3;

/** Leader, locks, instances and members. Each is drawn anew when it has changed, since it is short. */
export class Panels {
  state = { instances: [], replicas: { pids: [], most: 0 }, self: {}, election: { candidates: [] } };
  leader;
  handOvers = [];
  /** Since when there is no leader, or the leader has been killed. */
  since;

  update(parts) {
    Object.assign(this.state, parts);
    if (parts.self) this.#showSelf();
    if (parts.election || parts.instances || parts.replicas || parts.self) this.#showElection();
    if (parts.locks) this.#showLocks();
    if (parts.instances || parts.election || parts.replicas || parts.self) this.#showInstances();
    if (parts.members) this.#showMembers();
    if (parts.demo) byId('demo').setAttribute('aria-pressed', String(parts.demo.isOn));
  }

  /** Says what a button has done, unless the next one leads already. @param begin when it was pressed */
  explain({ how, leader }, wanted, begin) {
    if (this.leader?.value !== leader) return;
    this.since = begin;
    let text = `${leader} has resigned.`;
    if (how === 'killed')
      text = `${leader} was killed. Its entry expires within 3 s, and then the next one leads.`;
    else if (wanted === 'kill')
      text = `${leader} serves this page, so that it has resigned and was not killed.`;
    setText(byId('leader-note'), text);
  }

  #showSelf() {
    const { candidate, hosts } = this.state.self;
    setText(byId('self'), candidate);
    setText(byId('hosts'), hosts.replaceAll(/https?:\/\//g, '').replaceAll(',', ', '));
  }

  #showElection() {
    const { election, self, replicas } = this.state;
    const [leader, ...others] = election.candidates;
    if (leader === undefined) this.since ??= performance.now();
    if (leader !== undefined && this.leader !== undefined && leader.term !== this.leader.term)
      this.#addHandOver(leader);
    if (leader !== undefined) this.leader = leader;
    setText(byId('leader'), leader?.value ?? 'Nobody leads');
    setText(byId('term'), leader === undefined ? '' : `term ${leader.term}`);
    byId('candidates').replaceChildren(
      ...others.map(({ value }, place) =>
        element(
          'li',
          {},
          element('span', { class: 'mono' }, value),
          element('span', { class: 'fact' }, place === 0 ? 'next' : `place ${place + 1}`),
        ),
      ),
    );
    const isHere = leader?.value === self.candidate;
    const isChild = replicas.pids.some((pid) => leader?.value.endsWith(`:${String(pid)}`));
    byId('resign').disabled = byId('kill').disabled = !isHere && !isChild;
    const where = isHere
      ? 'It serves this page, so that killing it makes it resign.'
      : isChild
        ? 'A replica that was started here.'
        : 'It was not started here: open its page to end it.';
    if (this.since === undefined) setText(byId('leader-note'), leader === undefined ? '' : where);
  }

  #addHandOver(leader) {
    const took = this.since === undefined ? '' : `${((performance.now() - this.since) / 1_000).toFixed(1)} s`;
    this.since = undefined;
    this.handOvers = [{ at: new Date(), from: this.leader.value, to: leader.value, took }, ...this.handOvers];
    this.handOvers.length = Math.min(this.handOvers.length, mostHandOvers);
    byId('hand-overs').replaceChildren(
      ...this.handOvers.map(({ at, from, to, took: time }) =>
        element(
          'li',
          {},
          element('time', { class: 'fact', datetime: at.toISOString() }, clock.format(at)),
          element('span', { class: 'mono' }, from === to ? `${to} again` : `${from} → ${to}`),
          element('span', { class: 'fact' }, time),
        ),
      ),
    );
  }

  #showLocks() {
    const { locks } = this.state;
    byId('locks-empty').hidden = locks.length > 0;
    byId('locks-note').hidden = locks.length === 0;
    setText(byId('lock-count'), locks.length === 0 ? '' : String(locks.length));
    byId('locks').replaceChildren(
      ...locks.map(({ name, entries }) =>
        element(
          'li',
          { class: 'lock' },
          element('span', { class: 'mono' }, name),
          element(
            'span',
            { class: 'fact' },
            entries.length === 1 ? 'held' : `held, ${entries.length - 1} waiting`,
          ),
          element('ol', { class: 'queue', 'aria-label': `Queue of ${name}` }, ...entries.map(chipOf)),
        ),
      ),
    );
  }

  #showInstances() {
    const { instances, election, self, replicas } = this.state;
    const leader = election.candidates[0]?.value;
    setText(byId('instance-count'), String(instances.length));
    setText(byId('replica-note'), `${replicas.pids.length} of ${replicas.most} started here`);
    byId('start').disabled = replicas.pids.length >= replicas.most;
    byId('instances').replaceChildren(
      ...instances.map(({ id, url }) => {
        const item = element('li', {}, linkTo(url), element('span', { class: 'mono fact' }, id));
        if (id === leader) item.append(badge('leads', 'accent'));
        if (id === self.candidate) item.append(badge('this page'));
        return item;
      }),
    );
  }

  #showMembers() {
    const { members } = this.state;
    const up = members.filter(({ isHealthy }) => isHealthy).length;
    setText(byId('member-count'), `${up} of ${members.length} healthy`);
    byId('members').replaceChildren(
      ...members.map(({ endpoint, isHealthy, version, isLeader, reason }) => {
        const address = endpoint.replace(/^https?:\/\//, '');
        const item = element('li', { 'data-health': isHealthy ? 'up' : 'down' });
        item.append(element('span', { class: 'mono' }, address));
        item.append(
          element('span', { class: 'fact' }, isHealthy ? `etcd ${version ?? ''}` : (reason ?? 'away')),
        );
        if (isLeader) item.append(badge('raft leader', 'accent'));
        return item;
      }),
    );
  }
}

function badge(text, kind = '') {
  return element('span', { class: `badge ${kind}` }, text);
}

function chipOf({ token, id, isHere }, place) {
  const role = place === 0 ? 'holds it' : `waits, place ${place}`;
  const chip = element('li', { class: place === 0 ? 'chip holds' : 'chip', title: `${role}, entry ${id}…` });
  chip.append(`${token}`, element('span', { class: 'hidden' }, ` ${role}`));
  if (isHere) chip.append(element('span', { class: 'here' }, 'here'));
  return chip;
}

import type { JsonApi } from '../cluster/json-api.js';
import { nothing } from '../cluster/json-api.js';
import { EtcdOptionsError } from '../errors/index.js';
import { isObject, parseObject, requiredText, textList, wrongType, type JsonObject } from '../http/json.js';
import { checkText, show } from '../options/check.js';
import type { EtcdCallOptions } from '../options/index.js';

/** A member of the cluster. */
export interface EtcdMember {
  /** Hexadecimal, without leading zeros. */
  readonly id: string;
  /** Empty for a member that was added and has not started yet. */
  readonly name: string;
  readonly peerURLs: readonly string[];
  /** Empty for a member that was added and has not started yet. */
  readonly clientURLs: readonly string[];
}

/**
 * The members API. Changes go one at a time: etcd may drop one that comes while another is on its way, and refuses
 * one with `Internal Server Error` within some seconds of a start or while the cluster is not healthy.
 */
export class EtcdMembers {
  readonly #api: JsonApi;

  /** @internal Made by the client. */
  constructor(api: JsonApi) {
    this.#api = api;
  }

  /** All members, ordered by id: `GET /v2/members`. Any member answers it, also without a leader. */
  async list(options: EtcdCallOptions = {}): Promise<EtcdMember[]> {
    return this.#api.get('/v2/members', options, ({ body }) => {
      const { members } = parseObject(body);
      if (!Array.isArray(members)) throw wrongType('members', 'a list');
      return members.map((member: unknown) => {
        if (!isObject(member)) throw wrongType('members', 'a list of objects');
        return readMember(member);
      });
    });
  }

  /**
   * The leader: `GET /v2/members/leader`. For about a second after a leader's death, members still name the dead one.
   * @throws {EtcdElectionInProgressError} when there is none until the deadline
   */
  async leader(options: EtcdCallOptions = {}): Promise<EtcdMember> {
    return this.#api.get('/v2/members/leader', options, ({ body }) => readMember(parseObject(body)));
  }

  /**
   * Adds a member that is then to be started: `POST /v2/members`. A second member costs a single one its quorum until
   * it runs. @throws {EtcdConflictError} when the peer URL is in use
   */
  async add(peerURLs: string | readonly string[], options: EtcdCallOptions = {}): Promise<EtcdMember> {
    return this.#api.post('/v2/members', { peerURLs: checkPeerURLs(peerURLs) }, options, ({ body }) =>
      readMember(parseObject(body)),
    );
  }

  /** Changes the peer URLs that the others know a member by: `PUT /v2/members/ID`. @throws {EtcdNotFoundError}, {@link EtcdConflictError} */
  async update(
    id: string,
    peerURLs: string | readonly string[],
    options: EtcdCallOptions = {},
  ): Promise<void> {
    return this.#api.put(memberPath(id), { peerURLs: checkPeerURLs(peerURLs) }, options, nothing);
  }

  /** Removes a member, which then stops for good: `DELETE /v2/members/ID`. @throws {EtcdNotFoundError} for one that is unknown or removed */
  async remove(id: string, options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.delete(memberPath(id), options);
  }
}

function readMember(raw: JsonObject): EtcdMember {
  return {
    id: requiredText(raw, 'id'),
    name: requiredText(raw, 'name'),
    peerURLs: textList(raw, 'peerURLs'),
    clientURLs: textList(raw, 'clientURLs'),
  };
}

function memberPath(id: string): string {
  checkText('id', id);
  if (!/^[0-9a-f]{1,16}$/.test(id))
    throw new EtcdOptionsError('id', `expected the hexadecimal id of a member, got ${show(id)}`);
  return `/v2/members/${id}`;
}

function checkPeerURLs(peerURLs: string | readonly string[]): readonly string[] {
  const list = typeof peerURLs === 'string' ? [peerURLs] : peerURLs;
  const isPeerURL = (url: unknown) => typeof url === 'string' && /^https?:\/\/[^/]+:\d+$/.test(url);
  if (!Array.isArray(list) || list.length === 0 || !list.every(isPeerURL)) {
    throw new EtcdOptionsError(
      'peerURLs',
      `expected URLs such as 'http://10.0.0.4:2380', with a port and without a path, got ${show(peerURLs)}`,
    );
  }
  return list;
}

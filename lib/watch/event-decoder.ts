import { EtcdDecodeError, type EtcdEvent, type EtcdResyncEvent } from '../client/index.js';
import { decodeValue } from '../client/keys/decode-value.js';
import { checkSchema } from '../client/keys/schema.js';
import type { EtcdDecodedEvent, EtcdDecodedResyncEvent } from '../interfaces/index.js';
import type { WatchDecoding } from './watch-definition.js';

/** Is told of a value that cannot be decoded. */
export type OnRefused = (error: EtcdDecodeError) => void;

/** Decodes the values of a watch's events. */
export class EventDecoder {
  constructor(private readonly decoding: WatchDecoding) {}

  /** The event with its values; `undefined` for a change whose value is refused. It never rejects. */
  async decode(event: EtcdEvent, onRefused: OnRefused): Promise<EtcdDecodedEvent<unknown> | undefined> {
    if (event.action === 'resync') return this.#decodeState(event, onRefused);
    const { key, value } = event.node;
    if (value === undefined) return { ...event, value };
    const decoded = await this.#decode(key, value, onRefused);
    return decoded === undefined ? undefined : { ...event, ...decoded };
  }

  async #decodeState(event: EtcdResyncEvent, onRefused: OnRefused): Promise<EtcdDecodedResyncEvent<unknown>> {
    const values = new Map<string, unknown>();
    for (const { key, value } of event.node?.leaves() ?? []) {
      if (value === undefined) continue;
      const decoded = await this.#decode(key, value, onRefused);
      if (decoded !== undefined) values.set(key, decoded.value);
    }
    return { ...event, values, value: event.node?.dir === false ? values.get(event.node.key) : undefined };
  }

  async #decode(key: string, text: string, onRefused: OnRefused): Promise<{ value: unknown } | undefined> {
    const { codec, schema } = this.decoding;
    try {
      const value = decodeValue(key, text, codec);
      return { value: schema === undefined ? value : await checkSchema(key, schema, value) };
    } catch (error) {
      // A schema that throws instead of naming issues may quote the value, so that its words are left out.
      onRefused(error instanceof EtcdDecodeError ? error : new EtcdDecodeError(key, 'its schema fails'));
      return undefined;
    }
  }
}

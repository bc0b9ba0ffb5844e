import { EtcdDecodeError } from '../errors/index.js';
import type { EtcdCodec } from './codecs.js';

/** What a value stands for. @throws {EtcdDecodeError} which does not tell the value */
export function decodeValue<T>(key: string, text: string, codec: EtcdCodec<T>): T {
  try {
    return codec.decode(text);
  } catch (error) {
    // What V8 says of JSON quotes the value, and what other codecs say may do so too.
    const isSyntax = error instanceof Error && error.name === 'SyntaxError';
    throw new EtcdDecodeError(key, isSyntax ? 'it is no JSON' : 'its codec refuses it');
  }
}

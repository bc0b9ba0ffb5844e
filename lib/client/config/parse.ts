import { EtcdDecodeError } from '../errors/index.js';
import { freezeDeep, frozenCopy } from './freeze.js';

/** What the text of a file stands for; see {@link EtcdConfigOptions.parse}. */
export type EtcdConfigParse = 'auto' | 'json' | 'text' | ((text: string, key: string) => unknown);

/** Decimal digits without zeros in front and without an exponent. */
const decimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const structure = /^\s*(?:\{[^]*\}|\[[^]*\])\s*$/;

/**
 * What a file stands for, frozen.
 *
 * @param key below the prefix; an error names the full one
 * @throws {EtcdDecodeError} which does not tell the text
 */
export function parseFile(parse: EtcdConfigParse, text: string, key: string, fullKey: string): unknown {
  if (parse === 'text') return text;
  if (parse === 'auto') return parseAuto(text);
  try {
    return parse === 'json' ? freezeDeep(JSON.parse(text) as unknown) : frozenCopy(parse(text, key));
  } catch {
    // What V8 says of JSON quotes the value, and what other parsers say may do so too.
    throw new EtcdDecodeError(
      fullKey,
      parse === 'json' ? 'it is no JSON' : 'the function of `parse` refuses it',
    );
  }
}

/** Only text that can be had back from the value is taken for more than text, so that nothing is ever lost. */
function parseAuto(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (decimal.test(text)) {
    const number = Number(text);
    const isExact = String(number) === text && (!Number.isInteger(number) || Number.isSafeInteger(number));
    return isExact ? number : text;
  }
  if (!structure.test(text)) return text;
  try {
    return freezeDeep(JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

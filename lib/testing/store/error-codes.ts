/** What etcd says with each of its error codes (protocol page, 2.11), and with which HTTP status. */
const table = {
  100: ['Key not found', 404],
  101: ['Compare failed', 412],
  102: ['Not a file', 403],
  104: ['Not a directory', 400],
  105: ['Key already exists', 412],
  107: ['Root is read only', 400],
  108: ['Directory not empty', 403],
  110: ['The request requires user authentication', 401],
  201: ['PrevValue is Required in POST form', 400],
  202: ['The given TTL in POST form is not a number', 400],
  203: ['The given index in POST form is not a number', 400],
  209: ['Invalid field', 400],
  210: ['Invalid POST form', 400],
  211: ['Value provided on refresh', 400],
  212: ['A TTL must be provided on refresh', 400],
  300: ['Raft Internal Error', 500],
  401: ['The event in requested index is outdated and cleared', 400],
} as const satisfies Record<number, readonly [message: string, status: number]>;

/** The codes that etcd 3.4 sends. */
export type ErrorCode = keyof typeof table;

/** A refusal of the keys API's: of the store, or of a request's parameters, which have no index. */
export class KeysError extends Error {
  /** @param reason the `cause` of the answer: a byte string */
  constructor(
    readonly errorCode: ErrorCode,
    readonly reason: string,
    /** The store index, as the answer gives it. */
    readonly index: number = 0,
  ) {
    super(table[errorCode][0]);
    this.name = 'KeysError';
  }

  get status(): number {
    return table[this.errorCode][1];
  }
}

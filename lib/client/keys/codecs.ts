/** How values of another type than text are kept in etcd, whose values are text. */
export interface EtcdCodec<T> {
  encode(value: T): string;
  /** @throws anything, when the text stands for no value; the reader gets an {@link EtcdDecodeError} */
  decode(text: string): T;
}

/** JSON values. For a checked type, read with {@link EtcdKeys.json} and a schema. */
export const json: EtcdCodec<unknown> = {
  encode(value) {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`A value of type ${typeof value} has no JSON.`);
    return text;
  },
  decode: (text) => JSON.parse(text) as unknown,
};

const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes as base64, since etcd v2 silently replaces bytes that are no UTF-8. */
export const base64: EtcdCodec<Uint8Array> = {
  encode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  decode(text) {
    if (!base64Text.test(text)) throw new TypeError('it is no base64');
    return Buffer.from(text, 'base64');
  },
};

/** The part of a Standard Schema (zod, valibot, arktype …) that decoding needs; see standardschema.dev. */
export interface EtcdSchema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => EtcdSchemaResult<T> | Promise<EtcdSchemaResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** What a schema says of a value. */
export type EtcdSchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

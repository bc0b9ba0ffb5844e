import { CUSTOM_ROUTE_ARGS_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';

/** Where Nest finds the parameters of handlers, in the form in which it keeps those of routes. */
export const handlerParameters = 'nestjs-etcd.parameters';

/** Nest's number for a body and for a message's payload. Pipes are told that the event is the `body`. */
const payload = 3;

/**
 * Notes that the event is the first parameter of a method. Nest applies pipes to parameters that it knows, and to no
 * others. Decorators that were made by `createParamDecorator` keep their places.
 */
export function noteParameters(prototype: object, method: string): void {
  const { constructor } = prototype;
  const noted = (Reflect.getMetadata(ROUTE_ARGS_METADATA, constructor, method) ?? {}) as Parameters;
  const custom = Object.entries(noted).filter(([name]) => name.includes(CUSTOM_ROUTE_ARGS_METADATA));
  const isTaken = custom.some(([, { index }]) => index === 0);
  const event = isTaken ? {} : { [`${payload}:0`]: { index: 0, data: undefined, pipes: [] } };
  Reflect.defineMetadata(handlerParameters, { ...event, ...Object.fromEntries(custom) }, constructor, method);
}

type Parameters = Record<string, { readonly index: number }>;

/** Gives Nest the value of a parameter that is no custom one: the event. */
export const eventParameter = {
  exchangeKeyForValue: (_type: number, _data: unknown, args: readonly unknown[]): unknown => args[0],
};

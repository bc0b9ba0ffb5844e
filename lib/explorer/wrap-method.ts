import { Inject } from '@nestjs/common';
import { EtcdError } from '../client/index.js';

type Method = (this: object, ...args: unknown[]) => unknown;

/**
 * Puts a method in the place of another one. What other decorators have noted on the first, above or below, stays true of the
 * second: its metadata, name and number of parameters.
 */
export function wrapMethod(descriptor: PropertyDescriptor, wrap: (original: Method) => Method): void {
  const original = descriptor.value as Method;
  const wrapper = wrap(original);
  for (const key of Reflect.getOwnMetadataKeys(original))
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  for (const name of ['name', 'length'])
    Object.defineProperty(wrapper, name, { configurable: true, value: Reflect.get(original, name) });
  descriptor.value = wrapper;
}

/** Gives an instance what Nest has not injected, because a factory has made it. */
export function provideHidden(instance: object, token: string, value: unknown): void {
  if (Reflect.get(instance, propertyOf(token)) === undefined) Reflect.set(instance, propertyOf(token), value);
}

function propertyOf(token: string): symbol {
  return Symbol.for(`nestjs-etcd.injected.${token}`);
}

/**
 * Lets Nest inject something into each instance of a class, whatever its scope.
 *
 * @param target the prototype
 * @returns reads it from an instance
 */
export function injectHidden(target: object, token: string, method: string): (instance: object) => unknown {
  const property = propertyOf(token);
  // Nest asks for each property once, however many methods want it.
  if (!(property in target)) {
    Object.defineProperty(target, property, { configurable: true, writable: true, value: undefined });
    Inject(token)(target, property);
  }
  return (instance) => {
    const found: unknown = Reflect.get(instance, property);
    if (found !== undefined) return found;
    throw new EtcdError(
      `${instance.constructor.name}#${method} needs \`${token}\`, and was not made by Nest. Get the instance by injection, ` +
        'or give it the method without its decorator in a test.',
    );
  };
}

import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { EtcdOptionsError } from '../client/index.js';
import { ETCD_CONNECTION, type EtcdConnection } from '../etcd.constants.js';
import { definitionsOf, type MethodDecoration, type MethodDefinition } from './method-definitions.js';

/** One decorated method of one instance. */
export interface FoundMethod<Definition extends MethodDefinition> {
  /** `Class#method`. */
  readonly handler: string;
  readonly wrapper: InstanceWrapper<object>;
  readonly instance: object;
  readonly method: string;
  readonly definition: Definition;
}

/**
 * The decorated methods of one connection on all providers and controllers of an application. Every connection of the
 * application looks, and each takes its own only.
 *
 * @throws {EtcdOptionsError} for a method that nothing would ever call
 */
export function exploreMethods<Definition extends MethodDefinition>(
  modules: ModulesContainer,
  connection: string | undefined,
  decoration: MethodDecoration<Definition>,
): FoundMethod<Definition>[] {
  const connections = connectionsOf(modules);
  const found: FoundMethod<Definition>[] = [];
  for (const [instance, wrapper] of hostsOf(modules, decoration)) {
    const prototype = Object.getPrototypeOf(instance) as object | null;
    for (const [method, definition] of definitionsOf(decoration, prototype)) {
      const handler = `${instance.constructor.name}#${method}`;
      if (!connections.has(definition.connection))
        refuseConnection(`${decoration.decorator} of ${handler}`, definition, connections);
      if (definition.connection === connection)
        found.push({ handler, wrapper, instance, method, definition });
    }
  }
  return found;
}

/** The instances that Nest holds, each once, with what Nest knows of it. */
function hostsOf(
  modules: ModulesContainer,
  decoration: MethodDecoration<MethodDefinition>,
): ReadonlyMap<object, InstanceWrapper<object>> {
  const hosts = new Map<object, InstanceWrapper<object>>();
  for (const { providers, controllers } of modules.values()) {
    for (const wrapper of [...providers.values(), ...controllers.values()] as InstanceWrapper<unknown>[]) {
      refuseScope(wrapper, decoration);
      const { instance } = wrapper;
      if (typeof instance !== 'object' || instance === null) continue;
      // `useExisting` and factories give what Nest has made of a class elsewhere; guards are found by the class.
      if (hosts.get(instance)?.isNotMetatype ?? true) hosts.set(instance, wrapper as InstanceWrapper<object>);
    }
  }
  return hosts;
}

function connectionsOf(modules: ModulesContainer): ReadonlySet<string | undefined> {
  const names = new Set<string | undefined>();
  for (const { providers } of modules.values()) {
    const connection = providers.get(ETCD_CONNECTION)?.instance as EtcdConnection | undefined;
    if (connection !== undefined) names.add(connection.name);
  }
  return names;
}

function refuseConnection(
  what: string,
  { connection }: MethodDefinition,
  connections: ReadonlySet<string | undefined>,
): never {
  const known = [...connections]
    .map((name) => (name === undefined ? 'the default one' : `'${name}'`))
    .join(', ');
  const [which, fix] =
    connection === undefined
      ? [
          'the default connection',
          'Give it the option `connection`, or add `EtcdModule.forRoot` without a name',
        ]
      : [
          `the connection '${connection}'`,
          `Correct the name, or add \`EtcdModule.forRoot({ name: '${connection}', … })\``,
        ];
  throw new EtcdOptionsError(
    'connection',
    `the ${what} is for ${which}, which no module makes; there is ${known}. ${fix}`,
  );
}

/** Nest makes such a provider for a request or for whoever injects it, so that there is no instance to be called. */
function refuseScope(
  wrapper: InstanceWrapper<unknown>,
  decoration: MethodDecoration<MethodDefinition>,
): void {
  const isStatic = wrapper.isDependencyTreeStatic();
  if ((isStatic && !wrapper.isTransient) || wrapper.isNotMetatype) return;
  const { name, prototype } = wrapper.metatype as { name: string; prototype?: object };
  for (const [method] of definitionsOf(decoration, prototype ?? null)) {
    const reason = isStatic
      ? 'its scope is TRANSIENT, so that there is one instance for each place that injects it'
      : 'it is request-scoped, or depends on something that is, so that there is no instance without a request';
    throw new EtcdOptionsError(
      'scope',
      `the ${decoration.decorator} of ${name}#${method} cannot be called: ${reason}. Move it to a provider of the default scope, which may get others by \`ModuleRef.resolve\``,
    );
  }
}

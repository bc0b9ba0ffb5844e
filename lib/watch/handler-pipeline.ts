import type { ArgumentsHost } from '@nestjs/common';
import { ExternalContextCreator, type ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { isObservable, lastValueFrom } from 'rxjs';
import type { EtcdEvent } from '../client/index.js';
import type { FoundWatch } from './watch-definition.js';
import { ExceptionFilters, filterFor, type ExceptionFilter } from './exception-filters.js';
import { eventParameter, handlerParameters } from './handler-parameters.js';
import { staticContainer } from './static-container.js';

/** Why a handler has failed, where no filter has handled that. */
export interface HandlerFailure {
  readonly error: unknown;
  /** What the filter that was given the error threw in its turn. */
  readonly filterError?: unknown;
}

/** Calls a handler with an event, and resolves when it has ended. It never rejects. */
export type CallHandler = (event: EtcdEvent) => Promise<HandlerFailure | undefined>;

type Method = (...args: unknown[]) => unknown;

/** Puts guards, interceptors, pipes and filters around handlers. */
export class HandlerPipeline {
  readonly #creator: ExternalContextCreator;
  readonly #filters: ExceptionFilters;

  constructor(modules: ModulesContainer, config: ApplicationConfig) {
    const container = staticContainer(modules, config);
    this.#creator = ExternalContextCreator.fromContainer(container);
    this.#filters = new ExceptionFilters(container);
  }

  /** Enhancers are read now: those that the application adds later do not apply. */
  build({ instance, method, wrapper }: FoundWatch): CallHandler {
    const callback = Reflect.get(instance, method) as Method;
    const moduleKey = wrapper.host?.token ?? '';
    const call = this.#inModule(moduleKey).create(
      instance,
      callback,
      method,
      handlerParameters,
      eventParameter,
      undefined,
      // Transient guards and the like are made for each host, and found by it.
      wrapper.id,
      { guards: true, interceptors: true, filters: false },
      'etcd',
    );
    const filters = this.#filters.of(instance, callback, moduleKey, wrapper.id);
    return async (event) => {
      try {
        await call(event);
        return undefined;
      } catch (error) {
        const host = new ExecutionContextHost([event], instance.constructor as new () => object, callback);
        host.setType('etcd');
        return filter(filters, error, host);
      }
    };
  }

  /**
   * Nest looks for the module of a class among providers only. For a controller it finds none, and would leave out its
   * guards without a word.
   */
  #inModule(moduleKey: string): ExternalContextCreator {
    return Object.create(this.#creator, {
      getContextModuleKey: { value: () => moduleKey },
    }) as ExternalContextCreator;
  }
}

/** Gives an error to its filter. A filter that does not throw has handled it, whatever it returns. */
async function filter(
  filters: readonly ExceptionFilter[],
  error: unknown,
  host: ArgumentsHost,
): Promise<HandlerFailure | undefined> {
  try {
    const chosen = filterFor(filters, error);
    if (chosen === undefined) return { error };
    const result = await chosen.func(error, host);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    return undefined;
  } catch (filterError) {
    return filterError === error ? { error } : { error, filterError };
  }
}

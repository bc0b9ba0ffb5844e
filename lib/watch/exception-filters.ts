import type { ArgumentsHost } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/constants.js';
import type { NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';

/** A filter, and what it catches; nothing stands for everything. */
export interface ExceptionFilter {
  readonly func: (exception: unknown, host: ArgumentsHost) => unknown;
  readonly exceptionMetatypes: readonly (abstract new (...args: never[]) => unknown)[];
}

/**
 * Finds the exception filters of a method. Nest would call them as well, but it takes a filter that returns nothing for
 * one that has not handled the error, and logs what is not handled by itself, without saying for which event.
 */
export class ExceptionFilters extends ExternalExceptionFilterContext {
  constructor(container: NestContainer) {
    super(container, container.applicationConfig);
  }

  /** Those of the method, of its class and of the application, in the order in which Nest asks them. */
  of(
    instance: object,
    method: (...args: unknown[]) => unknown,
    moduleKey: string,
    inquirerId: string,
  ): readonly ExceptionFilter[] {
    this.moduleContext = moduleKey;
    const filters = this.createContext<unknown[], ExceptionFilter[]>(
      instance,
      method,
      EXCEPTION_FILTERS_METADATA,
      undefined,
      inquirerId,
    );
    return filters.toReversed();
  }
}

/** The filter for an error, as Nest chooses it. */
export function filterFor(filters: readonly ExceptionFilter[], error: unknown): ExceptionFilter | undefined {
  return filters.find(
    ({ exceptionMetatypes: types }) => types.length === 0 || types.some((type) => error instanceof type),
  );
}

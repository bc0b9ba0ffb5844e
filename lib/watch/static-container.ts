import type { ApplicationConfig, ModulesContainer, NestContainer } from '@nestjs/core';

/**
 * What Nest asks of its container when it looks for guards, interceptors, pipes and filters: the modules and the
 * configuration, which are what can be injected. Those of the application that are made for each request are left out.
 * Nest would find their bare prototypes here, and call them without what their constructors get.
 */
export function staticContainer(modules: ModulesContainer, config: ApplicationConfig): NestContainer {
  const none = { value: () => [] };
  const applicationConfig = Object.create(config, {
    getGlobalRequestGuards: none,
    getGlobalRequestInterceptors: none,
    getGlobalRequestPipes: none,
    getGlobalRequestFilters: none,
  }) as ApplicationConfig;
  return { applicationConfig, getModules: () => modules } as NestContainer;
}

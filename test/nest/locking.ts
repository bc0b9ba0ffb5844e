import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { EtcdModule, type EtcdModuleOptions } from 'nestjs-etcd';

export const adapters: Array<[string, () => ExpressAdapter | FastifyAdapter]> = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

/** Starts an application that listens on a free port. */
export async function listen(
  adapter: ExpressAdapter | FastifyAdapter,
  options: EtcdModuleOptions,
  metadata: ModuleMetadata,
): Promise<{ app: INestApplication; url: string }> {
  const module = await Test.createTestingModule({
    ...metadata,
    imports: [EtcdModule.forRoot(options), ...(metadata.imports ?? [])],
  }).compile();
  const app = module.createNestApplication(adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

/** Something that happens once, and can be waited for. */
export function moment<T = void>(): { happened: Promise<T>; happen: (value: T) => void } {
  let happen!: (value: T) => void;
  const happened = new Promise<T>((resolve) => (happen = resolve));
  return { happened, happen };
}

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { EtcdClient } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { instrumentUndici, traceEtcd } from './tracing.js';

let member: EtcdMember;
let stop: () => void;
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const undici = instrumentUndici();

beforeAll(async () => {
  member = await EtcdMember.start();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  undici.setTracerProvider(provider);
});
beforeEach(() => {
  exporter.reset();
  stop = traceEtcd();
});
afterEach(() => stop());
afterAll(async () => {
  undici.disable();
  trace.disable();
  context.disable();
  await member.stop();
});

const spanOf = (name: string) => exporter.getFinishedSpans().findLast((span) => span.name === name);

describe('The recipe for spans', () => {
  it('puts the spans of requests into those of operations, and these into the caller’s', async () => {
    await using etcd = new EtcdClient({ hosts: member.url, sync: false }, 'main');
    const caller = provider.getTracer('test').startSpan('caller');
    const { etcdIndex } = await context.with(trace.setSpan(context.active(), caller), () =>
      etcd.set('/k', 'v'),
    );
    const set = spanOf('etcd set');
    expect(set?.attributes).toEqual({
      'db.system.name': 'etcd',
      'db.operation.name': 'set',
      'etcd.key': '/k',
      'etcd.connection': 'main',
      'etcd.index': etcdIndex,
    });
    expect(set?.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
    const put = spanOf('PUT');
    expect(put?.parentSpanContext?.spanId).toBe(set?.spanContext().spanId);
    expect(put?.attributes).toMatchObject({ 'url.path': '/v2/keys/k', 'http.response.status_code': 201 });
    expect(trace.getSpan(context.active())).toBeUndefined();
  });

  it('puts the operations that a lock consists of into one', async () => {
    await using etcd = new EtcdClient({ hosts: member.url, sync: false });
    await using lock = await etcd.lock('l').acquire();
    expect(lock.isHeld).toBe(true);
    const acquire = spanOf('etcd lock.acquire')?.spanContext();
    expect(spanOf('etcd append')?.parentSpanContext?.spanId).toBe(acquire?.spanId);
    expect(spanOf('etcd get')?.parentSpanContext?.spanId).toBe(acquire?.spanId);
  });

  it('marks what has failed, but not a key that is not there', async () => {
    await using etcd = new EtcdClient({ hosts: member.url, sync: false });
    await etcd.set('/k', 'v');
    await etcd.create('/k', 'w').catch(() => undefined);
    await etcd.find('/none');
    expect(spanOf('etcd create')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: expect.stringContaining('Key already exists') },
      attributes: { 'error.type': 'ETCD_KEY_EXISTS', 'etcd.indeterminate': false },
    });
    expect(spanOf('etcd get')).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'error.type': 'ETCD_KEY_NOT_FOUND' },
    });
  });

  it('holds no value, not even that of a query', async () => {
    await using etcd = new EtcdClient({ hosts: member.url, sync: false });
    await etcd.set('/secret', 'canary-value');
    const dump = () =>
      JSON.stringify(exporter.getFinishedSpans().map(({ name, attributes, events, status }) => [name, attributes, events, status])); // prettier-ignore
    await etcd.compareAndDelete('/secret', { prevValue: 'canary-value' });
    expect(spanOf('DELETE')?.attributes['url.path']).toBe('/v2/keys/secret');
    expect(dump()).not.toContain('canary');
    // The control: without the option, undici's instrumentation tells the query.
    const config = undici.getConfig();
    undici.setConfig({});
    await etcd.set('/secret', 'canary-value');
    await etcd.compareAndDelete('/secret', { prevValue: 'canary-value' });
    undici.setConfig(config);
    expect(dump()).toContain('canary');
  });

  it('ends', async () => {
    await using etcd = new EtcdClient({ hosts: member.url, sync: false });
    stop();
    await etcd.set('/k', 'v');
    expect(spanOf('etcd set')).toBeUndefined();
    expect(spanOf('PUT')).toBeDefined();
  });
});

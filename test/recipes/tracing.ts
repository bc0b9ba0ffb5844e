import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { context, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { subscribeEtcd, type EtcdOperationEnded, type EtcdOperationFailed } from 'nestjs-etcd';

/** Makes a context of OpenTelemetry's the active one, for code that Node runs in a store. */
class ActiveContext extends AsyncLocalStorage<Context> {
  override run<Result, Args extends unknown[]>(
    active: Context,
    code: (...args: Args) => Result,
    ...args: Args
  ): Result {
    return context.with(active, code, undefined, ...args);
  }
}

/** Makes a span of each operation, in which its requests have theirs. Returns what ends that. */
export function traceEtcd(tracer = trace.getTracer('nestjs-etcd')): () => void {
  const spans = new WeakMap<object, Span>();
  const active = new ActiveContext();
  const start = channel('nestjs-etcd:operation:start');
  start.bindStore(active, (message) => {
    const { client, operation, key } = message as EtcdOperationEnded;
    const span = tracer.startSpan(`etcd ${operation}`, {
      kind: SpanKind.INTERNAL,
      attributes: {
        'db.system.name': 'etcd',
        'db.operation.name': operation,
        'etcd.key': key,
        'etcd.connection': client.name ?? 'default',
      },
    });
    // The message of its end is the same object.
    spans.set(message as object, span);
    return trace.setSpan(context.active(), span);
  });

  const onEnd = (message: EtcdOperationEnded): void => {
    const span = spans.get(message);
    if (message.etcdIndex !== undefined) span?.setAttribute('etcd.index', message.etcdIndex);
    span?.end();
  };
  const onError = (message: EtcdOperationFailed): void => {
    const span = spans.get(message);
    span?.setAttributes({ 'error.type': message.code, 'etcd.indeterminate': message.indeterminate });
    // That there is no such key is an answer, and `find` asks for it.
    if (message.code !== 'ETCD_KEY_NOT_FOUND')
      span?.setStatus({ code: SpanStatusCode.ERROR, message: message.error?.message ?? message.code });
    span?.end();
  };
  const stops = [
    subscribeEtcd('nestjs-etcd:operation:end', onEnd),
    subscribeEtcd('nestjs-etcd:operation:error', onError),
  ];
  return () => {
    start.unbindStore(active);
    stops.forEach((stop) => stop());
  };
}

/** The spans of HTTP requests, without the query: that of a `DELETE` holds the value that it compares with. */
export function instrumentUndici(): UndiciInstrumentation {
  return new UndiciInstrumentation({
    startSpanHook: ({ origin, path }) => ({
      'url.full': `${origin}${path.split('?', 1)[0]}`,
      'url.query': '',
    }),
  });
}

import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { base64, type EtcdDecodedEvent, EtcdWatch, json } from 'nestjs-etcd';
import { z } from 'zod';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { brief, Watching } from './watching.js';

describe('@EtcdWatch decodes values', () => {
  let etcd: EtcdMember;
  let seen: string[];

  beforeAll(async () => {
    etcd = await EtcdMember.start();
  });

  afterAll(() => etcd.stop());

  beforeEach(() => {
    seen = [];
  });

  /** Writes a key before there is an application. */
  const put = (key: string, value: string) =>
    etcd.request(`/v2/keys${key}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ value }).toString(),
    });

  /** Resolves when as many handlers have been called, and gives what they were called with. */
  const calls = async (count: number) => {
    await waitFor(() => seen.length >= count, {
      what: `${count} calls, of which there are ${seen.join(', ')}`,
    });
    return [...seen];
  };

  const Port = z.object({ port: z.int() });
  type Port = z.infer<typeof Port>;
  let events: EtcdDecodedEvent<Port>[];

  @Injectable()
  class Ports {
    @EtcdWatch('/ports', { recursive: true, initial: true, schema: Port })
    onPort(event: EtcdDecodedEvent<Port>) {
      events.push(event);
      seen.push(brief(event));
    }
  }

  beforeEach(async () => {
    events = [];
    await etcd.request('/v2/keys/ports?recursive=true', { method: 'DELETE' });
  });

  it('of changes and of states, and a node without a value has none', async () => {
    await put('/ports/a', '{"port":1}');
    await put('/ports/b/c', '{"port":2,"more":true}');
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Ports] });
    await calls(1);
    expect(events[0]).toMatchObject({ action: 'resync', value: undefined });
    expect((events[0] as { values?: ReadonlyMap<string, Port> }).values).toEqual(
      new Map([
        ['/ports/a', { port: 1 }],
        ['/ports/b/c', { port: 2 }],
      ]),
    );
    await app.etcd.set('/ports/a', '{"port":3}');
    await app.etcd.mkdir('/ports/d');
    await app.etcd.delete('/ports/a');
    await calls(4);
    expect(events.slice(1).map(({ key, value }) => [key, value])).toEqual([
      ['/ports/a', { port: 3 }],
      ['/ports/d', undefined],
      ['/ports/a', undefined],
    ]);
    expect(app.lines).toEqual([]);
  });

  it('and keeps those that it cannot decode from the handler: they are logged, and told on events$, without the value', async () => {
    await put('/ports/a', '{"port":1}');
    await put('/ports/b', 'secret-1');
    await put('/ports/c', '{"port":"secret-2"}');
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Ports] });
    await calls(1);
    const [state] = events;
    expect(state?.action === 'resync' && [...state.values.keys()]).toEqual(['/ports/a']);
    const { node } = await app.etcd.set('/ports/d', '{secret-3');
    await app.etcd.set('/ports/d', '{"port":4}');
    expect(await calls(2)).toEqual(['resync initial /ports/a /ports/b /ports/c', 'set /ports/d']);
    expect(events[1]).toMatchObject({ value: { port: 4 } });

    // etcd lists a directory in any order.
    const refused = app.of('watch.value.refused').toSorted((a, b) => (a.key < b.key ? -1 : 1));
    expect(refused).toEqual(
      [
        ['/ports/b', state?.index],
        ['/ports/c', state?.index],
        ['/ports/d', node.modifiedIndex],
      ].map(([key, index]) => ({
        type: 'watch.value.refused',
        connection: undefined,
        handler: 'Ports#onPort',
        key,
        index,
        error: expect.objectContaining({ code: 'ETCD_DECODE', key }),
      })),
    );
    expect(app.lines.map(({ level, message }) => `${level} ${message}`).sort()).toEqual([
      expect.stringMatching(
        /^error Ports#onPort was not given the value of \/ports\/b at index \d+: .* it is no JSON$/,
      ),
      expect.stringMatching(/^error .* \/ports\/c at index \d+: .* its schema refuses it at port$/),
      expect.stringMatching(/^error .* \/ports\/d at index \d+: .* it is no JSON$/),
    ]);
    expect(inspect([app.lines, app.told], { depth: 10 })).not.toContain('secret');
  });

  it('by a codec, by one with a schema, by one that checks later, and by what throws', async () => {
    const values: unknown[] = [];
    const upper = { encode: String, decode: (text: string) => text.toUpperCase() };
    const failing = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: () => {
          throw new Error('secret');
        },
      },
    };
    @Injectable()
    class Codecs {
      @EtcdWatch('/codec', { codec: base64, initial: true })
      bytes(event: EtcdDecodedEvent<Uint8Array>) {
        values.push(['bytes', event.value?.length]);
      }

      @EtcdWatch('/codec', { codec: upper, schema: z.string().refine(async (text) => text.length > 1) })
      both(event: EtcdDecodedEvent<string>) {
        values.push(['both', event.value]);
      }

      @EtcdWatch('/codec', { codec: json })
      parsed(event: EtcdDecodedEvent<unknown>) {
        values.push(['json', event.value]);
      }

      @EtcdWatch('/codec', { schema: failing })
      never() {
        values.push(['failing']);
      }
    }
    await put('/codec', 'AAAA');
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Codecs] }, 4);
    await waitFor(() => values.length === 1);
    await app.etcd.set('/codec', '1234');
    await waitFor(() => values.length === 4 && app.of('watch.value.refused').length === 1);
    expect(values).toEqual(
      expect.arrayContaining([
        ['bytes', 3],
        ['bytes', 3],
        ['both', '1234'],
        ['json', 1234],
      ]),
    );
    expect(app.of('watch.value.refused')[0]).toMatchObject({
      handler: 'Codecs#never',
      error: { message: 'The value of /codec cannot be decoded: its schema fails' },
    });
    expect(inspect([app.lines, app.told], { depth: 10 })).not.toContain('secret');
  });
});

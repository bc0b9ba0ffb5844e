import { equal, notEqual, ok } from 'node:assert';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

// No module of Nest's is installed here, so an entry point that loaded one would fail.
equal(existsSync(new URL('./node_modules/@nestjs', import.meta.url)), false);
const commonjs = require('nestjs-etcd/client');
// An application that asks etcd nothing must not wait for undici, and few files are read faster than many.
const loaded = Object.keys(require.cache);
equal(loaded.filter((file) => file.includes('undici')).length, 0);
ok(loaded.length < 4, `the client is ${loaded.length} files`);
const esm = await import('nestjs-etcd/client');
notEqual(commonjs.EtcdClient, esm.EtcdClient);

/** Reads a key that is not there with one copy of the client, and resolves to the error. */
async function missingKey({ EtcdClient }) {
  const etcd = new EtcdClient({ hosts: [process.env.ETCD_URL] });
  try {
    return await etcd.get('/not-there').catch((error) => error);
  } finally {
    await etcd.close();
  }
}

for (const thrower of [commonjs, esm]) {
  const error = await missingKey(thrower);
  for (const { EtcdError, EtcdKeyNotFoundError, EtcdIndeterminateError } of [commonjs, esm]) {
    ok(error instanceof EtcdKeyNotFoundError);
    ok(error instanceof EtcdError);
    equal(error instanceof EtcdIndeterminateError, false);
  }
  equal(error.code, 'ETCD_KEY_NOT_FOUND');
}

for (const { EmbeddedEtcd } of [require('nestjs-etcd/testing'), await import('nestjs-etcd/testing')]) {
  const server = await EmbeddedEtcd.start();
  equal((await fetch(`${server.url}/version`)).status, 200);
  await server.stop();
}

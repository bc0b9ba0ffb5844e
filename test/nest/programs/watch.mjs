/**
 * A worker without HTTP whose one handler fails in every way there is, on a connection that was made by one copy of the
 * package and with the decorator of another. Arguments: the files of the ES module and of the CommonJS build, a URL of
 * etcd's. It writes `watching`, then the keys that its handler is called with, and closes after `/watched/end`.
 */
import { Catch, Injectable, Module, UseFilters } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createRequire } from 'node:module';

const [esmFile, cjsFile, hosts] = process.argv.slice(2);
const { EtcdModule, EtcdService } = await import(esmFile);
const { EtcdWatch } = createRequire(import.meta.url)(cjsFile);

class FailingFilter {
  catch() {
    throw new Error('of the filter');
  }
}
Catch(TypeError)(FailingFilter);

// oxlint-disable typescript/only-throw-error, typescript/prefer-promise-reject-errors -- others may throw anything
const failures = {
  throws: () => {
    throw new Error('thrown');
  },
  filtered: () => {
    throw new TypeError('for the filter');
  },
  nothing: () => Promise.reject(),
  hostile: () => {
    throw Object.create(null);
  },
  unreadable: () => {
    throw {
      get message() {
        throw new Error('of the getter');
      },
    };
  },
};

class Handlers {
  onChange({ key }) {
    process.stdout.write(`${key}\n`);
    if (key.endsWith('/end')) end();
    return failures[key.split('/').at(-1)]?.();
  }
}
Injectable()(Handlers);
const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, 'onChange');
UseFilters(FailingFilter)(Handlers.prototype, 'onChange', descriptor);
EtcdWatch('/watched', { recursive: true })(Handlers.prototype, 'onChange', descriptor);

const logger = {
  log() {},
  warn() {},
  error() {
    throw new Error('of the logger');
  },
};
let end;
const ended = new Promise((resolve) => (end = resolve));

function AppModule() {}
Module({ imports: [EtcdModule.forRoot({ hosts, logger })], providers: [Handlers] })(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const told = [];
app.get(EtcdService).events$.subscribe(({ type, key, client }) => {
  // What the client tells on the diagnostics channels.
  if (client !== undefined) return;
  told.push(`${type} ${key}`);
  if (type === 'watch.ready') process.stdout.write('watching\n');
});
await ended;
await app.close();
process.stdout.write(`${JSON.stringify(told)}\n`);

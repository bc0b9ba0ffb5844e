/**
 * Loads the package twice, as an ES module and as CommonJS, and prints how far the two understand each other.
 * Arguments: the files of both.
 */
import { Dependencies, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createRequire } from 'node:module';

const [esmFile, cjsFile] = process.argv.slice(2);
const esm = await import(esmFile);
const cjs = createRequire(import.meta.url)(cjsFile);

function Library(main, audit) {
  this.main = main;
  this.audit = audit;
}
Injectable()(Library);
Dependencies(cjs.getEtcdToken(), cjs.getEtcdToken('audit'))(Library);

function AppModule() {}
Module({
  imports: [esm.EtcdModule.forRoot(), esm.EtcdModule.forRoot({ name: 'audit' })],
  providers: [Library],
})(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const { main, audit } = app.get(Library);

function TwiceModule() {}
Module({ imports: [esm.EtcdModule.forRoot(), cjs.EtcdModule.forRoot()] })(TwiceModule);
const twice = await NestFactory.createApplicationContext(TwiceModule, {
  logger: false,
  abortOnError: false,
}).catch(({ code, message }) => ({ code, message }));

await app.close();
const error = await main.get('/').catch((reason) => reason);
const caught = Reflect.getMetadata('__filterCatchExceptions__', cjs.EtcdExceptionFilter);

process.stdout.write(
  JSON.stringify({
    areTwo: esm.EtcdService !== cjs.EtcdService,
    injectsMain: main === app.get(esm.EtcdService),
    injectsAudit: audit instanceof esm.EtcdService && audit !== main,
    twice,
    filterCatches: caught.some((type) => error instanceof type),
  }),
);

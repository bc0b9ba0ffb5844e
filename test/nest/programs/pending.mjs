/**
 * An application with a request to etcd that is not answered for a minute. Told `close`, it closes and has nothing
 * more to do; told `stay`, it does not close. Either way, nothing in here ends the process.
 *
 * Arguments: the package's file, a URL of etcd's, `close` or `stay`. Standard input: a line, once etcd is silent.
 */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';

const [file, hosts, then] = process.argv.slice(2);
const { EtcdModule, EtcdService } = await import(file);

function AppModule() {}
Module({ imports: [EtcdModule.forRoot({ hosts, timeout: 60_000, tryTimeout: 60_000 })] })(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const etcd = app.get(EtcdService);
await etcd.version();
process.stdout.write('connected\n');
await once(process.stdin, 'data');
process.stdin.destroy();

etcd.get('/').catch(({ code }) => process.stdout.write(`${code}\n`));
process.stdout.write('waiting\n');
if (then === 'close') await app.close();

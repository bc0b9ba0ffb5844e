/**
 * An HTTP application whose one route waits for a second line of standard input before it asks etcd. It ends by a
 * signal alone. Arguments: the package's file, a URL of etcd's.
 */
import { Controller, Dependencies, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';

const [file, hosts] = process.argv.slice(2);
const { EtcdModule, EtcdService } = await import(file);

class SlowController {
  constructor(etcd) {
    this.etcd = etcd;
  }

  async read() {
    process.stdout.write('entered\n');
    await once(process.stdin, 'data');
    process.stdin.destroy();
    return this.etcd.version();
  }

  onModuleDestroy() {
    process.stdout.write('closing\n');
  }
}
Controller()(SlowController);
Dependencies(EtcdService)(SlowController);
Get()(SlowController.prototype, 'read', Object.getOwnPropertyDescriptor(SlowController.prototype, 'read'));

function AppModule() {}
Module({ imports: [EtcdModule.forRoot({ hosts })], controllers: [SlowController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.stdout.write(`${await app.getUrl()}\n`);

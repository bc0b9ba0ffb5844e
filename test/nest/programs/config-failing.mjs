/**
 * An application that has loaded a configuration and then does not start. Arguments: the file of the package, the address of etcd, and
 * `module` or `loader`; then `factory` or `hook`, which is what fails.
 */
import { ConfigModule, registerAs } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { pathToFileURL } from 'node:url';

const [entry, hosts, way, failing] = process.argv.slice(2);
const { EtcdConfigModule, EtcdModule, etcdConfig } = await import(pathToFileURL(entry).href);

class AppModule {
  isLoaded = true;
}
const fail = async () => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  throw new Error('the database is away');
};
const bad = { provide: 'BAD', useFactory: failing === 'factory' ? fail : () => ({ onModuleInit: fail }) };
const imports =
  way === 'module'
    ? [EtcdModule.forRoot({ hosts, isGlobal: true }), EtcdConfigModule.forRoot({ prefix: '/shop' })]
    : [ConfigModule.forRoot({ load: [registerAs('shop', etcdConfig('/shop', { client: { hosts } }))] })];

try {
  await NestFactory.createApplicationContext(
    { module: AppModule, imports, providers: [bad] },
    { logger: false, abortOnError: false },
  );
  console.log('started');
} catch (error) {
  console.log(error.message);
}

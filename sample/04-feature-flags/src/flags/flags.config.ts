import { EtcdConfigService } from 'nestjs-etcd';
import type { Flags } from './flags.schema.js';

/** The flags, to be injected: `flags.value.checkout`. */
export class FlagsConfig extends EtcdConfigService<Flags> {}

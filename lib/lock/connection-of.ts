import type { ModuleRef } from '@nestjs/core';
import { EtcdOptionsError, type EtcdNamespace } from '../client/index.js';
import { getEtcdToken } from '../etcd.constants.js';

/** The service of a connection, wherever in the application it is made. @throws {EtcdOptionsError} when none is */
export function connectionOf(modules: ModuleRef, name: string | undefined): Pick<EtcdNamespace, 'lock'> {
  try {
    return modules.get<Pick<EtcdNamespace, 'lock'>>(getEtcdToken(name), { strict: false });
  } catch {
    const which = name === undefined ? 'The default connection' : `The connection '${name}'`;
    throw new EtcdOptionsError(
      'connection',
      `${which} is made by no module; add \`EtcdModule.forRoot\`${name === undefined ? '' : ` with the name '${name}'`}`,
    );
  }
}

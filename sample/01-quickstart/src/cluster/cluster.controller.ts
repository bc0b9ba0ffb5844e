import { Controller, Get } from '@nestjs/common';
import { EtcdService, type EtcdMember, type EtcdVersion } from 'nestjs-etcd';

@Controller('cluster')
export class ClusterController {
  constructor(private readonly etcd: EtcdService) {}

  @Get('members')
  members(): Promise<EtcdMember[]> {
    return this.etcd.members.list();
  }

  @Get('leader')
  leader(): Promise<EtcdMember> {
    return this.etcd.leader();
  }

  @Get('machines')
  machines(): Promise<string[]> {
    return this.etcd.machines();
  }

  @Get('version')
  version(): Promise<EtcdVersion> {
    return this.etcd.version();
  }
}

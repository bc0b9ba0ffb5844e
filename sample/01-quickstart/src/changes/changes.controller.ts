import { Controller, Get } from '@nestjs/common';
import { EtcdWatch, type EtcdEvent } from 'nestjs-etcd';

type Change = Pick<EtcdEvent, 'action' | 'key' | 'index'>;

@Controller('changes')
export class ChangesController {
  private recent: Change[] = [];

  /** The last ten changes of any key, whoever made them; the newest one first. */
  @Get()
  list(): Change[] {
    return this.recent;
  }

  @EtcdWatch('/', { recursive: true })
  onChange({ action, key, index }: EtcdEvent): void {
    this.recent = [{ action, key, index }, ...this.recent].slice(0, 10);
  }
}
